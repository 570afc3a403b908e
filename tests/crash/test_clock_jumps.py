"""The wall clock is set by an hour, forward and back: nothing is lost, and nothing goes wild."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from opsbook.alerts.notifier import NotSentError
from opsbook.core.errors import BadInputError
from opsbook.probes.check import Check
from opsbook.runbooks.model import Request
from opsbook.services.budget import Budget
from opsbook.services.settings import RestartPolicy
from tests.alerts.delivery.scene import NOW, Memory, setup
from tests.alerts.delivery.scene import scene as alerting
from tests.crash.hearing import hearing
from tests.crash.jumping import HOUR, Jumping, JumpingByHand
from tests.crash.platform import platform_book
from tests.crash.running import carrying, ledger_of, running
from tests.crash.test_changed_runbook import asked
from tests.eventually import eventually
from tests.incidents.scene import scene as incidents
from tests.runbooks.scene import ANNA, BERT, book, mark

BOTH = pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])


@BOTH
async def test_a_level_is_paged_once_whatever_the_clock_says(
    tmp_path: Path, seconds: float
) -> None:
    clock = JumpingByHand(NOW)
    async with incidents(tmp_path, clock) as scene:
        await scene.fire("Down")
        for jump in (seconds, -seconds, seconds):
            clock.jump(jump)
            for _ in range(20):
                await scene.after(1)
        paged = Counter(each["body"]["level"] for each in await scene.entries("incident.paged"))
        opened = await scene.entries("incident.opened")
    assert len(opened) == 1
    assert paged.pop("L1") == 1
    assert set(paged.values()) <= {1}


@BOTH
async def test_a_notice_is_tried_again_when_it_would_have_been(
    tmp_path: Path, seconds: float
) -> None:
    receiver, clock = Memory(), JumpingByHand(NOW)
    receiver.refuse(NotSentError("busy"))
    async with alerting(
        tmp_path, setup(receivers={"team": [receiver]}, group_wait=0.0), clock
    ) as a:
        await a.fire()
        assert (len(receiver.keys), len(receiver.told)) == (1, 0)
        clock.jump(seconds)
        await a.pass_time(2)
        assert (len(receiver.keys), len(receiver.told)) == (2, 1)
        await a.pass_time(20)
    assert len(receiver.keys) == 2
    assert len(set(receiver.keys)) == 1


def test_a_clock_set_back_gives_no_restarts_away() -> None:
    budget = Budget(RestartPolicy.model_validate({"at_most": 3, "per": "1h"}))
    taken = [budget.take(NOW) for _ in range(3)]
    assert None not in taken
    assert budget.take(NOW - HOUR) is None
    assert budget.take(NOW + 1) is None


@BOTH
async def test_who_comes_too_late_by_the_clock_may_approve_when_it_is_right_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    real, ahead = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    books = book(tmp_path, go={"steps": [mark("api", **{"class": 3})], "approve_within": "30m"})
    async with carrying(tmp_path, books) as (hands, service, engine):
        run = await service.request(Request("go", ANNA, "a test", confirm="go"))
        await asked(service, run)
        while not (await engine.show(run)).steps[-1].name.startswith("wait:"):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # from when on it waits for an answer
        ahead = seconds
        if seconds > 0:
            # It is said until what time of the day it can be approved.
            with pytest.raises(BadInputError, match="too late: an answer was possible until"):
                await service.approve(run, BERT, "it is time")
            assert hands.effects() == []
            ahead = 0.0
        await service.approve(run, BERT, "it is time")
        await engine.wait(run, 30)
        kinds = ledger_of(tmp_path, run)
    assert hands.effects() == ["api"]
    assert (kinds["run.waiting"], kinds["run.approved"], kinds["run.ended"]) == (1, 1, 1)


async def test_a_watch_goes_on_and_says_nothing_a_thousand_times(tmp_path: Path) -> None:
    with hearing() as heard:
        clock, book_file = Jumping(), platform_book(tmp_path, heard.url)
        async with running(book_file, tmp_path / "data", clock) as app:
            check = app.watch.checks["a-greets"]
            await eventually(lambda: heard.posts["plain"] and heard.posts["duty"], 20)
            for ahead in (HOUR, 0.0, -HOUR, 0.0):
                clock.ahead = ahead
                await looked_at(check)
                await asyncio.sleep(0.5)
        kinds = ledger_of(tmp_path / "data")
    assert (kinds["incident.opened"], kinds["incident.paged"]) == (1, 1)
    assert kinds["service.restart"] == 0
    # A clock that is ahead lets alerts end that nobody repeated in time, and fire again.
    assert max(kinds.values()) <= 8, kinds
    for told in heard.posts.values():
        assert set(told.values()) == {1}
        assert len(told) <= 3


async def looked_at(check: Check) -> None:
    """Return after its next look."""
    before = check.outcome
    await eventually(lambda: check.outcome is not before, 2)
