"""What is tried, when it is not, and what people hear of it."""

import time
from pathlib import Path

import pytest

from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.silences import Silence
from opsbook.core.clock import ManualClock
from opsbook.durable.engines.memory import Memory
from opsbook.incidents.model import IncidentState
from opsbook.response.attempt import Stage
from tests.eventually import eventually
from tests.response.scene import scene
from tests.runbooks.scene import ANNA, BERT, mark

DOWN = {"alert": {"alertname": "Down"}, "runbook": "fix", "hold": "5m"}
SLOWLY = {**DOWN, "runbook": "slow"}


async def test_nobody_hears_of_what_was_mended_and_ended(tmp_path: Path) -> None:
    async with scene(tmp_path, DOWN) as life:
        alert = await life.fire(service="api")
        fixed = await life.until("response.fixed")
        await eventually(lambda: "mended by fix, run" in life.alerting.muting(alert).suppressed)
        await life.after(60)
        await life.end(alert)
        await life.after(300)
        assert (life.tried(), life.tried("oncall")) == ([], [])
        assert fixed["body"]["incident"] == life.incident().id
        assert life.incident().state is IncidentState.RECOVERED
        (run,) = await life.runbooks.find(alert=alert.fingerprint)
        assert (run.by, run.why) == ("opsbook", "Down: response fix for alertname=Down")
        assert run.incident == life.incident().id


async def test_what_was_mended_and_does_not_end_is_told_when_the_hold_is_over(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, DOWN) as life:
        await life.fire(service="api")
        await life.until("response.fixed")
        await life.after(290)
        assert life.tried() == []
        await life.after(20)
        (said,) = life.tried()
        assert said.startswith("mended: fix (run fix-")
        assert said.endswith("What it answers has not ended since.")
        assert life.tried("oncall") == [said]
        (late,) = life.entries("response.held_too_long")
        assert late["body"]["stage"] == "fixed"


async def test_a_fix_that_takes_too_long_is_told_with_what_came_of_it_later(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, SLOWLY) as life:
        await life.fire(service="api")
        await life.until("run.started")
        await life.after(290)
        assert life.tried() == []
        await life.after(20)
        (first,) = life.tried()
        assert first.endswith("is still under way")
        life.hands.write("go")
        await life.until("response.fixed")
        await eventually(lambda: len(life.tried()) == 2)
        assert life.tried()[1].startswith("mended: slow (run slow-")
        await eventually(lambda: len(life.receivers["oncall"].told) == 2)


async def test_a_fix_that_is_refused_is_told_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path, DOWN) as life:
        alert = await life.fire(service="api")
        await life.until("response.fixed")
        await life.after(60)
        await life.end(alert)
        await life.after(60)
        await life.fire(service="api")
        failed = await life.until("response.failed")
        await life.settled()
        assert "ran by itself just now" in failed["body"]["reason"]
        assert life.hands.effects() == ["api"]
        assert "fix was not run: runbook fix ran by itself just now" in life.tried()[-1]


async def test_a_fix_that_somebody_cancels_is_told_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path, SLOWLY) as life:
        await life.fire(service="api")
        await life.until("run.started")
        await life.runbooks.cancel(life.attempt().run, ANNA, "not now")
        await life.until("response.failed")
        await life.settled()
        (said,) = life.tried()
        assert said.endswith("cancelled by anna: not now")


async def test_two_alerts_of_one_service_are_one_fix_at_a_time(tmp_path: Path) -> None:
    other = {"alert": {"alertname": "Slow"}, "runbook": "fix"}
    async with scene(tmp_path, SLOWLY, other) as life:
        first = await life.fire(service="api")
        second = await life.fire("Slow", service="api")
        await life.until("run.started")
        life.hands.write("go")
        await life.until("response.fixed")
        await life.settled()
        assert len(life.entries("response.chosen")) == 1
        assert life.tried() == []
        await life.end(second)
        await life.end(first)
        assert [each.key for each in life.responses.holds.attempts.values()] == [first.fingerprint]


async def test_what_others_keep_quiet_is_not_mended_until_it_is_heard(tmp_path: Path) -> None:
    async with scene(tmp_path, DOWN) as life:
        now = life.clock.now()
        silence = Silence(parse_matchers("service=api"), now, now + 3600, "ada", "known")
        made = await life.alerting.silence(silence, "ada")
        await life.fire(service="api")
        await life.settled()
        await life.after(400)
        assert life.entries("response.chosen") == []
        await life.alerting.expire(made.id, "ada")
        await life.after(6)
        await life.until("response.fixed")
        assert (life.entries("response.held_too_long"), life.tried()) == ([], [])


async def test_a_runbook_that_asks_is_told_to_wait_for_somebody(tmp_path: Path) -> None:
    asking = {"fix": {"steps": [mark("api", **{"class": 3})]}}
    async with scene(tmp_path, {**DOWN, "ask": True}, runbooks=asking) as life:
        await life.fire(service="api")
        await eventually(lambda: life.tried(), 20)
        assert "waits for a person: " in life.tried()[0]
        assert life.hands.effects() == []
        await life.runbooks.approve(life.attempt().run, BERT, "do it")
        await life.until("response.fixed")
        await eventually(lambda: len(life.tried()) == 2)
        assert life.tried()[1].startswith("mended: ")


async def test_parameters_come_from_the_alert(tmp_path: Path) -> None:
    runbook = {
        "parameters": {"which": {"type": "service"}},
        "steps": [{**mark("api"), "service": {"restart": "{{ which }}"}}],
    }
    response = {**DOWN, "with": {"which": "{{ alert.labels.target }}"}}
    async with scene(tmp_path, response, runbooks={"fix": runbook}) as life:
        await life.fire(service="api", target="api")
        await life.until("response.fixed")
        await life.fire(service="db")
        failed = await life.until("response.failed")
        assert "parameter which: '{{ alert.labels.target }}' cannot be filled" in str(failed)


async def test_a_death_is_answered_once_until_the_service_was_well(tmp_path: Path) -> None:
    failing = {"fix": {"steps": [mark("api")], "automatic": {"cooldown": "0s"}}}
    async with scene(tmp_path, {"death": "api", "runbook": "fix"}, runbooks=failing) as life:
        life.hands.failing["api"] = 1
        life.die("api")
        await life.settled()
        await life.after(10)  # there is no keeper here, and so no incident that lasts
        failed = await life.until("response.failed")
        assert "api was told to fail" in failed["body"]["tried"]
        life.die("api")
        await life.after(10)
        assert len(life.entries("response.chosen")) == 1
        life.responses.holds.revive("api")
        life.die("api")
        await life.settled()
        await life.after(10)
        await life.until("response.fixed")


async def test_what_no_response_answers_is_told_as_ever(tmp_path: Path) -> None:
    async with scene(tmp_path, DOWN) as life:
        await life.fire("Other", service="api")
        await eventually(lambda: life.receivers["team"].told and life.receivers["oncall"].told)
        assert (life.tried(), life.entries("response.chosen")) == ([""], [])


async def test_what_is_beside_a_fix_is_not_held_with_it(tmp_path: Path) -> None:
    async with scene(tmp_path, SLOWLY) as life:
        await life.fire(service="api")
        await life.until("run.started")
        await life.fire("Other", service="api")
        await eventually(lambda: life.receivers["team"].told and life.receivers["oncall"].told)
        assert [notice.alerts[0].name for notice in life.receivers["team"].told] == ["Other"]


@pytest.mark.parametrize("severity", ["critical", "info"])
async def test_a_later_life_holds_what_an_earlier_one_held(tmp_path: Path, severity: str) -> None:
    clock, memory = ManualClock(time.time()), Memory()
    async with scene(tmp_path, SLOWLY, clock=clock, memory=memory) as life:
        await life.fire(severity=severity, service="api")
        await life.until("run.started")
        run = life.attempt().run
    clock.advance(60)
    async with scene(tmp_path, SLOWLY, clock=clock, memory=memory) as life:
        await life.settled()
        assert (life.attempt().stage, life.tried()) == (Stage.CHOSEN, [])
        life.hands.write("go")
        await life.until("response.fixed")
        assert life.attempt().run == run
        assert len(life.entries("response.chosen")) == 1
        await life.after(250)
        assert len(life.tried()) == 1, "the hold counts from when it was first seen"
