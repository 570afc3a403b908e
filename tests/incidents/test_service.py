"""What opens, joins, pages, recovers, reopens and is closed."""

import asyncio
from pathlib import Path

import pytest

from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.silences import Silence
from opsbook.core.errors import BadInputError
from opsbook.core.labels import labels_of
from opsbook.incidents.model import IncidentState
from opsbook.probes.model import State
from tests.incidents.scene import scene


async def test_a_critical_alert_opens_an_incident_and_pages_the_first_level(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Down", service="db")
        incident = await life.only()
        assert (incident.severity, incident.services) == ("critical", ("db",))
        assert incident.id == "INC-20231114-221320"
        assert (life.told("team"), life.told("boss")) == (["firing L1"], [])
        assert [each["kind"] for each in await life.entries() if "incident" in each["kind"]] == [
            "incident.opened",
            "incident.paged",
        ]


async def test_an_alert_that_is_not_severe_opens_none(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Slow", "warning", service="db")
        assert await life.all() == []


async def test_a_silenced_alert_opens_none_until_the_silence_ends(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        now = life.clock.now()
        await life.alerting.silence(
            Silence(parse_matchers("service=db"), now, now + 60, "ada", "known"), "ada"
        )
        await life.fire("Down", service="db")
        assert await life.all() == []
        await life.after(61)
        assert (await life.only()).services == ("db",)


async def test_a_death_that_no_restart_mends_opens_one_with_the_worst_severity(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as life:
        await life.die("db")
        incident = await life.only()
        assert (incident.severity, incident.opened_by) == ("critical", "opsbook")
        await life.after(3600)
        await life.die("db")
        assert (await life.only()).id == incident.id


async def test_alerts_of_services_that_depend_on_each_other_join_in_time(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Slow", "high", service="web")
        await life.fire("Down", "critical", service="db")
        await life.fire("Full", "critical", service="mail")
        joined, other = await life.all()
        assert (joined.services, joined.severity) == (("db", "web"), "critical")
        assert other.services == ("mail",)
        await life.after(301)
        await life.fire("Late", "critical", service="api")
        assert [each.services for each in await life.all()] == [("db", "web"), ("mail",), ("api",)]


async def test_two_incidents_that_turn_out_to_have_one_cause_become_one(tmp_path: Path) -> None:
    async with scene(tmp_path, depends_on={"a": ["db"], "b": ["db"], "db": []}) as life:
        await life.fire("Down", service="a")
        await life.after(1)
        await life.fire("Down", "high", service="b")
        first, second = await life.all()
        await life.incidents.acknowledge(second.id, "bob")
        await life.fire("Down", service="db")
        whole = await life.only()
        assert (whole.id, whole.services) == (first.id, ("a", "b", "db"))
        assert (whole.state, whole.owner) == (IncidentState.ACKNOWLEDGED, "bob")
        gone = await life.incidents.get(second.id)
        assert (gone.state, gone.part_of) == (IncidentState.CLOSED, first.id)


async def test_alerts_about_no_service_join_by_their_name(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.fire("DiskFull", host="a")
        await life.fire("DiskFull", host="b")
        await life.fire("ClockSkew", host="a")
        assert [each.names for each in await life.all()] == [("DiskFull",), ("ClockSkew",)]


async def test_a_storm_of_ten_thousand_alerts_is_few_incidents(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        now = life.clock.now()
        labels = (
            {"alertname": "Down", "severity": "critical", "service": f"s{n % 200}", "host": str(n)}
            for n in range(10_000)
        )
        storm = [Alert(labels_of(each), (), now, now + 86_400, now) for each in labels]
        await life.put(*storm)
        assert len(await life.all()) == 50
        taken = [*await life.entries("incident.opened"), *await life.entries("incident.joined")]
        assert sum(each["body"]["count"] for each in taken) == 10_000


async def test_nobody_who_acknowledges_in_time_pages_the_next_level(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Down", service="db")
        await life.after(899)
        assert life.told("boss") == []
        await life.after(1)
        assert life.told("boss") == ["firing L2"]
        await life.after(2700)
        assert (life.told("team"), life.told("boss")) == (
            ["firing L1", "firing L3"],
            ["firing L2", "firing L3"],
        )


async def test_who_acknowledges_stops_it_and_the_repeats_of_its_alerts(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        alert = await life.fire("Down", service="db")
        incident = await life.incidents.acknowledge((await life.only()).id, "ada", "on it")
        await life.after(7200)
        assert (incident.owner, life.told("boss")) == ("ada", [])
        known = life.alerting.acknowledgements.get(alert.fingerprint)
        assert known is not None
        assert (known.by, known.why) == ("ada", incident.id)


async def test_an_incident_recovers_only_when_its_checks_and_alerts_say_so(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as life:
        await life.see("db-answers", State.DOWN)
        alert = await life.fire("Down", service="db")
        number = (await life.only()).id
        await life.end(alert)
        assert life.incidents.missing(await life.only()) == ["db-answers is down"]
        with pytest.raises(BadInputError, match="has not recovered: db-answers is down"):
            await life.incidents.close(number, "ada", "it works again")
        await life.after(60)
        await life.see("db-answers", State.UP)
        assert (await life.only()).state is IncidentState.RECOVERED
        (entry,) = await life.entries("incident.recovered")
        assert entry["body"]["checks"] == {"db-answers": "up at 2023-11-14T22:14:20.000Z"}
        assert entry["body"]["after_seconds"] == 60
        assert life.told("team") == ["firing L1", "resolved L1"]


async def test_a_look_from_before_the_incident_proves_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.see("db-answers", State.UP)
        await life.after(60)
        alert = await life.fire("Down", service="db")
        await life.end(alert)
        (missing,) = life.incidents.missing(await life.only())
        assert "db-answers has not been looked at since" in missing


async def test_trouble_that_is_back_in_time_reopens_it_and_pages_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        alert = await life.fire("Full", host="a")
        await life.incidents.acknowledge((await life.only()).id, "ada")
        await life.end(alert)
        await life.after(3599)
        await life.fire("Full", host="a")
        again = await life.only()
        assert (again.state, again.reopened) == (IncidentState.OPEN, 1)
        assert life.told("team") == ["firing L1", "resolved L1", "firing L1"]


async def test_a_check_that_fails_again_reopens_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.see("db-answers", State.DOWN)
        await life.die("db")
        await life.after(5)
        await life.see("db-answers", State.UP)
        assert (await life.only()).state is IncidentState.RECOVERED
        await life.after(5)
        await life.see("db-answers", State.DOWN)
        assert (await life.only()).state is IncidentState.OPEN
        (entry,) = await life.entries("incident.reopened")
        assert entry["body"]["why"] == "db-answers is down"


async def test_trouble_that_is_back_later_is_a_new_incident(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.end(await life.fire("Full", host="a"))
        await life.after(3601)
        await life.fire("Full", host="a")
        assert [each.state for each in await life.all()] == [
            IncidentState.RECOVERED,
            IncidentState.OPEN,
        ]


async def test_what_a_person_opens_only_a_person_ends_while_nothing_measures_it(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as life:
        made = await life.incidents.open("search is slow", "P2", "ada", ["db"])
        await life.see("db-answers", State.UP)
        assert (await life.only()).state is IncidentState.OPEN
        assert made.severity == "high"
        closed = await life.incidents.close(made.id, "ada", "more memory", "watch the memory")
        assert (closed.state, closed.lessons) == (IncidentState.CLOSED, "watch the memory")


async def test_it_is_closed_only_with_a_resolution(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        made = await life.incidents.open("search is slow", "low", "ada")
        with pytest.raises(BadInputError, match="needs a resolution"):
            await life.incidents.close(made.id, "ada", " ")
        await life.incidents.close(made.id, "ada", "mended")
        with pytest.raises(BadInputError, match="is closed and cannot be acknowledged"):
            await life.incidents.acknowledge(made.id, "ada")


async def test_a_status_is_told_to_whoever_was_paged(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Down", service="db")
        await life.incidents.update((await life.only()).id, "ada", "the disk is being replaced")
        await life.settled()
        said = dict(life.receivers["team"].told[-1].alerts[0].annotations)
        assert said["description"] == "the disk is being replaced"
        assert life.receivers["boss"].told == []


async def test_two_of_one_second_have_numbers_of_their_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        made = await asyncio.gather(
            *(life.incidents.open(f"trouble {n}", "low", "ada") for n in range(3))
        )
        first = made[0].id
        assert [each.id for each in made] == [first, f"{first}-2", f"{first}-3"]


async def test_a_later_life_goes_on_and_pages_nobody_twice(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Down", service="db")
        number, clock = (await life.only()).id, life.clock
    clock.advance(1000)
    async with scene(tmp_path, clock) as life:
        await life.settled()
        assert (await life.only()).id == number
        assert (life.told("team"), life.told("boss")) == ([], ["firing L2"])


async def test_what_was_closed_while_it_fires_is_not_opened_by_a_later_life(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as life:
        await life.fire("Down", service="db")
        await life.incidents.close((await life.only()).id, "ada", "a false alarm", unrecovered=True)
        clock = life.clock
    async with scene(tmp_path, clock) as life:
        await life.settled()
        assert (await life.only()).state is IncidentState.CLOSED


async def test_events_tell_others_in_order(tmp_path: Path) -> None:
    async with scene(tmp_path) as life:
        alert = await life.fire("Down", host="a")
        number = (await life.only()).id
        await life.incidents.acknowledge(number, "ada")
        await life.end(alert)
        await life.incidents.close(number, "ada", "done")
        assert life.heard == [
            "IncidentOpened",
            "IncidentAcknowledged",
            "IncidentRecovered",
            "IncidentClosed",
        ]
        assert life.incidents.counts["closed", "critical"] == 1
        assert life.incidents.counts["open", "critical"] == 0
