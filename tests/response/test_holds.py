"""Which attempt answers what, and what it keeps from people."""

from collections.abc import Callable, Mapping
from typing import Any

from opsbook.alerts.model import Alert
from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.incidents.model import Incident
from opsbook.incidents.settings import IncidentSettings
from opsbook.response.attempt import Stage
from opsbook.response.choice import Choice
from opsbook.response.holds import Holds
from opsbook.response.settings import ResponseSettings
from tests.alerts.delivery.scene import NOW

DOWN = {"alert": {"alertname": "Down"}, "runbook": "fix"}


def holds(
    *responses: Mapping[str, Any],
    clock: ManualClock | None = None,
    audible: Callable[[str], bool] = lambda fingerprint: False,
    **incidents: Any,
) -> Holds:
    settings = IncidentSettings.model_validate(incidents)
    made = [ResponseSettings.model_validate(each) for each in responses]
    return Holds(Choice(made, settings, {"c": "api"}), {}, audible, clock or ManualClock(NOW))


def alert(name: str = "Down", at: float = NOW, **labels: str) -> Alert:
    return Alert(labels_of({"alertname": name, **labels}), (), at, at + 3600, at)


def incident(*services: str) -> Incident:
    return Incident("INC-1", "t", "critical", NOW, "opsbook", NOW, services=services)


def test_the_first_of_several_that_fit_answers() -> None:
    room = holds({**DOWN, "name": "one"}, {**DOWN, "name": "two"})
    found = room.see(alert())
    assert found is not None
    assert found.response.name == "one"


def test_a_check_is_answered_by_its_alert_that_it_is_down() -> None:
    room = holds({"check": "c", "runbook": "fix"})
    down, other = alert("CheckDown", check="c"), alert("CheckDegraded", check="c")
    assert (room.holds(down), room.holds(other)) == ("a fix is tried first: fix", "")
    (attempt,) = room.take()
    assert attempt.service == "api"


def test_the_same_occurrence_is_one_attempt_and_a_later_one_another() -> None:
    clock = ManualClock(NOW)
    room = holds(DOWN, clock=clock)
    first = room.see(alert())
    assert room.see(alert(at=NOW - 30)) is first
    clock.advance(60)
    assert room.see(alert(at=NOW + 60)) is not first


def test_while_its_run_goes_on_a_later_occurrence_is_answered_by_it() -> None:
    clock = ManualClock(NOW)
    room = holds(DOWN, clock=clock)
    first = room.see(alert())
    assert first is not None
    first.stage = Stage.CHOSEN
    clock.advance(60)
    assert room.see(alert(at=NOW + 60)) is first


def test_a_hold_ends_by_itself() -> None:
    clock = ManualClock(NOW)
    room = holds({**DOWN, "hold": "1m"}, clock=clock)
    assert room.holds(alert())
    clock.advance(60)
    assert room.holds(alert()) == ""


def test_a_severity_may_say_that_people_are_told_at_once() -> None:
    critical = {"respond_within": "15m", "page": "at-once"}
    room = holds(DOWN, severities={"critical": critical}, severity_labels={})
    assert room.holds(alert(severity="critical")) == ""
    assert len(room.take()) == 1


def test_in_a_storm_what_is_too_much_is_told() -> None:
    room = holds(DOWN)
    held = [bool(room.holds(alert(number=str(number)))) for number in range(250)]
    assert held.count(True) == 200


def test_a_death_holds_what_is_told_of_its_service() -> None:
    room = holds({"death": "api", "runbook": "fix"})
    room.die("api", NOW)
    assert room.holds(alert("CheckDown", check="c"))
    assert room.holds(alert("CheckDown", service="db")) == ""
    assert room.hold(incident("api"), [])
    assert not room.hold(incident("db"), [])


def test_an_incident_of_which_something_is_heard_is_not_held() -> None:
    heard = alert("Other")
    room = holds(DOWN, audible=lambda fingerprint: fingerprint == heard.fingerprint)
    held = alert()
    room.see(held)
    assert room.hold(incident(), [held.fingerprint])
    assert not room.hold(incident(), [held.fingerprint, heard.fingerprint])
