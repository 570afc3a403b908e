"""What happened around an incident."""

from pathlib import Path

from opsbook.incidents import store
from opsbook.incidents.timeline import timeline
from opsbook.state.database import connect, sqlite_url
from tests.incidents.scene import Scene, scene


async def shown(life: Scene, directory: Path, most: int = 100) -> list[str]:
    incident = await life.only()
    await life.ledger.flush(within=5)
    engine = connect(sqlite_url(directory / "state.db"))
    try:
        alerts = store.load_alerts(engine, incident.id)
        found = timeline(engine, incident, alerts, ["db-answers"], most)
        return [each.kind for each in found]
    finally:
        engine.dispose()


async def test_it_has_alerts_notices_and_runs_of_the_incident_and_of_no_other(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as life:
        life.ledger.record("service.verified", "db")
        await life.after(60)
        await life.fire("Full", "low", host="elsewhere")
        alert = await life.fire("Down", service="db")
        number = (await life.only()).id
        life.ledger.record("run.started", "run-1", incident=number)
        life.ledger.record("run.step_done", "run-1")
        life.ledger.record("run.started", "run-2", incident="INC-other")
        life.ledger.record("check.changed", "db-answers")
        life.ledger.record("check.changed", "api-answers")
        await life.incidents.acknowledge(number, "ada")
        await life.end(alert)
        await life.incidents.close(number, "ada", "done", unrecovered=True)
        await life.after(1)
        life.ledger.record("service.died", "db")
        await life.incidents.note(number, "ada", "afterwards")
        found = await shown(life, tmp_path)
        # The notice may be there before it is written down who was paged.
        assert {*found[2:4]} == {"incident.paged", "notice.sent"}
        assert found[:2] + found[4:] == [
            "alert.firing",
            "incident.opened",
            "run.started",
            "run.step_done",
            "check.changed",
            "incident.acknowledged",
            "alert.acknowledged",
            "alert.resolved",
            "incident.closed",
            "incident.noted",
        ]


async def test_of_a_long_one_the_newest_entries_are_shown(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        made = await life.incidents.open("slow", "low", "ada")
        for text in ("a", "b", "c"):
            await life.incidents.note(made.id, "ada", text)
        assert await shown(life, tmp_path, most=2) == ["incident.noted", "incident.noted"]
