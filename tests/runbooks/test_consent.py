"""What class 3 waits for."""

import time
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.clock import SystemClock
from opsbook.durable.model import RunState
from opsbook.runbooks import foretelling_elsewhere
from tests.eventually import eventually
from tests.runbooks.scene import ANNA, BERT, Scene, book, mark, scene

DAY = 86_400.0


class At(SystemClock):
    """It is so many seconds before two in the night, in UTC, until it is set."""

    def __init__(self, before: float) -> None:
        self.moment = time.time() // DAY * DAY + 2 * 3600 - before

    def now(self) -> float:
        return self.moment


def dangerous(**more: Any) -> dict[str, Any]:
    return {"steps": [mark("one", **{"class": 3})], **more}


NIGHTLY = {"from": "02:00", "to": "03:00"}


async def question(there: Scene, run: str) -> str:
    waiting = (await there.waits(run, "approval")).waiting
    assert waiting is not None
    return waiting.what


async def test_who_is_woken_up_learns_all_that_matters(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, clean_up=dangerous())) as there:
        asked = await question(there, await there.run("clean-up", why="the disk is full."))
        assert asked == (
            "anna asks for step one of runbook clean-up, because: the disk is full. "
            "It would change service one: ordered 0 times → a new instance runs. "
            "Proven by: query one. "
            "Taken back by: start one (unproven: no drill has exercised that). "
            "May it be carried out?"
        )


async def test_one_consent_names_all_that_it_is_for(tmp_path: Path) -> None:
    steps = [mark(each, **{"class": 3}) for each in ("one", "two")]
    books = book(tmp_path, big={"steps": steps, "consent": "run"})
    async with scene(tmp_path, books) as there:
        run = await there.run("big")
        assert (
            "The same run would do more: 1. It would change service two: ordered 0 times → a new "
            "instance runs. Proven by: query two. Taken back by: start two (unproven: no drill has "
            "exercised that). May it do it all?"
        ) in await question(there, run)
        await there.runbooks.approve(run, BERT, "go")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        assert there.effects() == ["one", "two"]


async def test_what_is_done_for_each_of_many_asks_for_each(tmp_path: Path) -> None:
    inner = mark("two", **{"class": 3})
    many = {"name": "many", "for-each": {"items": ["a", "b"], "steps": [inner]}}
    steps = [mark("one", **{"class": 3}), many]
    books = book(tmp_path, big={"steps": steps, "consent": "run"})
    async with scene(tmp_path, books) as there:
        run = await there.run("big")
        assert "do more" not in await question(there, run)
        for done in (["one"], ["one", "two"], ["one", "two", "two"]):
            await there.waits(run, "approval")
            await there.runbooks.approve(run, BERT, "go")
            await eventually(lambda done=done: there.effects() == done)  # type: ignore[misc]
        assert (await there.ended(run)).state is RunState.SUCCEEDED


async def test_what_failed_after_the_one_consent_asks_for_itself(tmp_path: Path) -> None:
    steps = [mark(each, **{"class": 3, "on_failure": "ask"}) for each in ("one", "two")]
    books = book(tmp_path, big={"steps": steps, "consent": "run"})
    async with scene(tmp_path, books) as there:
        there.hands.failing["two"] = 1
        run = await there.run("big")
        await question(there, run)
        await there.runbooks.approve(run, BERT, "go")
        await there.waits(run, "decision")
        await there.runbooks.decide(run, ANNA, "retry", "once more")
        assert "asks for step two" in await question(there, run)


async def test_what_a_drill_has_proven_is_said(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, big=dangerous())) as there:
        drill = await there.run("big", roll_back=True, drill="monday")
        await there.waits(drill, "approval")
        await there.runbooks.approve(drill, BERT, "a drill")
        assert (await there.ended(drill)).state is RunState.SUCCEEDED
        assert "(a drill has proven that)" in await question(there, await there.run("big"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rollback": [], "no_rollback": "gone is gone"}, "Nothing takes it back: gone is gone."),
        ({"host": "edge"}, "on host edge, because: a test. It would carry out service restart one"),
        ({"host": "{{ alert.host }}"}, "on host {{ alert.host }}, because"),
        ({"service": {"scale": "one", "to": "+1"}}, "cannot be told now: scale one to +1: nobody"),
    ],
)
async def test_what_cannot_be_shown_or_taken_back_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr(foretelling_elsewhere, "PATIENCE", 0.2)
    books = book(tmp_path, big={"steps": [mark("one", **{"class": 3, **more})]})
    async with scene(tmp_path, books) as there:
        assert said in await question(there, await there.run("big"))


async def test_nobody_is_asked_before_the_window_opens(tmp_path: Path) -> None:
    books = book(tmp_path, big=dangerous(window=NIGHTLY))
    clock = At(0.2)
    async with scene(tmp_path, books, clock=clock) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        waited = [
            entry for entry in await there.entries("run.waiting", run) if "window" in entry.body
        ]
        assert "T02:00:00" in waited[0].body
        clock.moment += 1
        await there.runbooks.approve(run, BERT, "go")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        assert there.effects() == ["one"]


async def test_a_run_that_waits_for_its_window_has_done_nothing_and_says_so(
    tmp_path: Path,
) -> None:
    books = book(tmp_path, big=dangerous(window=NIGHTLY))
    async with scene(tmp_path, books, clock=At(3600)) as there:
        run = await there.run("big")
        view = await there.waits(run, "time")
        assert view.waiting is not None
        assert (view.waiting.what, view.waiting.step) == (
            "the window in which it may be carried out",
            "one",
        )
        assert view.waiting.until is not None
        assert view.waiting.until % DAY == pytest.approx(2 * 3600)
        await there.runbooks.cancel(run, BERT, "not tonight")
        assert (await there.ended(run)).state is RunState.CANCELLED
        assert there.effects() == []


async def test_an_approval_after_the_window_has_closed_is_of_no_use(tmp_path: Path) -> None:
    books = book(tmp_path, big=dangerous(window={"from": "01:00", "to": "02:00"}))
    clock = At(60)
    async with scene(tmp_path, books, clock=clock) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        clock.moment += 120
        await there.runbooks.approve(run, BERT, "go")
        view = await there.ended(run)
        assert "bert approved, but the window has closed since" in str(view.error)
        assert there.effects() == []


async def test_a_run_that_was_cancelled_while_it_waited_asks_again_when_it_is_resumed(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, book(tmp_path, big=dangerous())) as there:
        run = await there.run("big")
        await question(there, run)
        await there.runbooks.cancel(run, ANNA, "not now")
        assert (await there.ended(run)).state is RunState.CANCELLED
        await there.runbooks.resume(run, ANNA, "now")
        await question(there, run)
        await there.runbooks.approve(run, BERT, "go")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
