"""How fast, from the ledger; nothing where nothing was measured."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from opsbook.core.clock import ManualClock
from opsbook.incidents.measures import Measures, measure
from opsbook.probes.model import State
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger
from tests.alerts.delivery.scene import NOW
from tests.incidents.scene import scene


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return connect(sqlite_url(tmp_path / "state.db"))


async def test_times_are_means_over_the_incidents_of_the_period(
    tmp_path: Path, engine: Engine
) -> None:
    async with scene(tmp_path) as life:
        for answer in (60, 120):
            alert = await life.fire("Full", host="a")
            await life.after(answer)
            number = (await life.all())[-1].id
            await life.incidents.acknowledge(number, "ada")
            await life.incidents.acknowledge(number, "bob")
            await life.end(alert)
            await life.after(7200 - answer)
        now = life.clock.now()
    assert measure(engine, NOW - 1, now) == Measures(2, 0.0, 90.0, 90.0, 7200.0, None)
    assert measure(engine, NOW + 3600, now).incidents == 1
    engine.dispose()


async def test_trouble_that_was_seen_late_is_measured_from_its_beginning(
    tmp_path: Path, engine: Engine
) -> None:
    async with scene(tmp_path) as life:
        await life.incidents.open("slow", "low", "ada", ["db"], began_at=NOW - 30)
        await life.see("db-answers", State.DOWN)
        await life.after(10)
        await life.see("db-answers", State.UP)
    found = measure(engine, NOW - 1, NOW + 60)
    assert (found.detect_seconds, found.recover_seconds) == (30.0, 40.0)
    engine.dispose()


def test_nothing_is_known_of_a_period_in_which_nothing_happened(engine: Engine) -> None:
    clock = ManualClock()
    assert measure(engine, 0.0, clock.now()) == Measures(0, None, None, None, None, None)
    engine.dispose()


async def test_changes_by_runbooks_count_as_restarts_do(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    ledger = Ledger(engine, ManualClock(NOW))
    for state, done in (
        ("succeeded", ["a"]),
        ("failed", ["a"]),
        ("failed", []),
        ("cancelled", "a"),
    ):
        await ledger.record("run.ended", "restart-1", state=state, done=list(done))
    await ledger.record("service.verified", "a")
    await ledger.record("service.verified", "a")
    assert measure(engine, NOW - 1, NOW + 1).change_success_percent == 75.0
    ledger.close()
    engine.dispose()
