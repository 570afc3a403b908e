"""The wall clock is set by an hour, forward and back: nothing is lost, and nothing goes wild."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from opsbook.alerts.notifier import NotSentError
from opsbook.core.errors import BadInputError
from opsbook.probes.check import Check
from opsbook.runbooks.locks import Locks
from opsbook.runbooks.model import Request
from opsbook.services.budget import Budget
from opsbook.services.settings import RestartPolicy
from opsbook.state.database import connect, sqlite_url
from tests.alerts.delivery.scene import NOW, Memory, setup
from tests.alerts.delivery.scene import scene as alerting
from tests.crash.hearing import hearing
from tests.crash.jumping import HOUR, Jumping, JumpingByHand
from tests.crash.platform import platform_book
from tests.crash.running import carrying, ledger_of, running
from tests.crash.test_changed_runbook import asked
from tests.eventually import eventually
from tests.incidents.scene import scene as incidents
from tests.response.scene import scene as responding
from tests.runbooks.scene import ANNA, BERT, book, mark
from tests.runbooks.scene import scene as running_books

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


@BOTH
async def test_an_alert_that_fires_goes_on_and_ends_when_nobody_repeats_it(
    tmp_path: Path, seconds: float
) -> None:
    clock, receiver = JumpingByHand(NOW), Memory()
    wanted = setup(receivers={"team": [receiver]}, group_wait=0.0, group_interval=1.0)
    async with alerting(tmp_path, wanted, clock) as a:
        await a.fire(ends_in=300)
        clock.jump(seconds)
        await a.pass_time(290)
        assert await a.entries("alert.resolved") == []
        assert {notice.status for notice in receiver.told} == {"firing"}
        await a.pass_time(12)
        assert len(await a.entries("alert.resolved")) == 1
        assert len(await a.entries("alert.firing")) == 1
        assert receiver.told[-1].status == "resolved"


@BOTH
async def test_people_hear_of_what_is_not_mended_when_its_hold_is_over(
    tmp_path: Path, seconds: float
) -> None:
    response = {"alert": {"alertname": "Down"}, "runbook": "slow", "hold": "30s"}
    clock = JumpingByHand(time.time())
    async with responding(tmp_path, response, clock=clock) as scene:
        await scene.fire(severity="warning")
        await scene.until("response.chosen")
        clock.jump(seconds)
        await scene.after(25)
        assert scene.receivers["team"].told == []
        await scene.after(6)
        await scene.until("response.held_too_long")
        await eventually(lambda: scene.receivers["team"].told)
        scene.hands.write("go")


@BOTH
async def test_a_runbook_cools_down_for_as_long_as_it_should(
    tmp_path: Path, seconds: float
) -> None:
    limits = {"cooldown": "10m", "at_most": 2, "per": "1h"}
    books = book(tmp_path, fix={"automatic": limits, "steps": [mark("api")]})
    clock = JumpingByHand(NOW)
    async with running_books(tmp_path, books, clock=clock) as there:
        await there.carried("fix", unattended=True)
        clock.jump(seconds)
        clock.advance(590)
        with pytest.raises(BadInputError, match="again in 10 s"):
            await there.run("fix", unattended=True)
        clock.advance(11)
        await there.carried("fix", unattended=True)
        clock.jump(seconds)
        clock.advance(700)
        with pytest.raises(BadInputError, match="2 times within 1 h"):
            await there.run("fix", unattended=True)
        clock.advance(2400)
        await there.carried("fix", unattended=True)


async def test_nor_does_it_cool_down_for_ever_when_the_clock_was_set_back_meanwhile(
    tmp_path: Path,
) -> None:
    limits = {"cooldown": "10m", "at_most": 2, "per": "1h"}
    books = book(tmp_path, fix={"automatic": limits, "steps": [mark("api")]})
    async with running_books(tmp_path, books, clock=JumpingByHand(NOW)) as there:
        await there.carried("fix", unattended=True)
    clock = JumpingByHand(NOW - 24 * HOUR)
    async with running_books(tmp_path, books, clock=clock) as there:
        with pytest.raises(BadInputError, match="again in 10 min"):
            await there.run("fix", unattended=True)
        clock.advance(601)
        await there.carried("fix", unattended=True)


@BOTH
async def test_a_service_is_waited_for_as_long_as_its_step_may_take(
    tmp_path: Path, seconds: float
) -> None:
    clock = JumpingByHand(NOW)
    state = connect(sqlite_url(tmp_path / "state.db"))
    locks = Locks(state, clock, ended=AsyncMock(return_value=False))
    await locks.take("api", "one", "s", 0.0, asyncio.Event(), AsyncMock())
    began = time.monotonic()
    waiting = asyncio.create_task(locks.take("api", "two", "s", 0.5, asyncio.Event(), AsyncMock()))
    await eventually(lambda: locks.waiting)
    clock.jump(seconds)
    assert (await waiting).run == "one"
    assert 0.5 <= time.monotonic() - began < 5
    state.dispose()
