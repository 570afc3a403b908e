"""Whole runs: order, failures and what follows from them, rollback, cancellation, resuming."""

from pathlib import Path
from typing import Any

import pytest

from opsbook.durable.model import RunState
from opsbook.runbooks.model import RunView
from tests.eventually import eventually
from tests.runbooks.scene import ANNA, book, mark, scene, seen


def states(run: RunView) -> dict[str, str]:
    return {step.path: step.state for step in run.steps}


async def test_the_steps_are_carried_out_in_order_and_proven(tmp_path: Path) -> None:
    books = book(tmp_path, both={"steps": [mark("one"), mark("two")]})
    async with scene(tmp_path, books) as there:
        run = await there.carried("both")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["one", "two"]
        assert states(run) == {"one": "done", "two": "done"}
        assert run.steps[0].verified == {
            "query_1": {"value": 1.0, "series": [{"labels": {}, "value": 1.0}], "count": 1}
        }
        assert await there.kinds(run.id) == [
            "run.requested",
            "run.started",
            "run.step_started",
            "run.step_done",
            "run.step_started",
            "run.step_done",
            "run.ended",
        ]


async def test_results_are_passed_to_later_steps(tmp_path: Path) -> None:
    steps = [mark("one"), mark("after_{{ steps.one.verified }}", name="two")]
    async with scene(tmp_path, book(tmp_path, pass_on={"steps": steps})) as there:
        run = await there.carried("pass-on")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["one", "after_True"]


async def test_a_step_whose_condition_does_not_hold_is_left_out(tmp_path: Path) -> None:
    steps = [mark("one", **{"if": "1 > 2"}), mark("two")]
    async with scene(tmp_path, book(tmp_path, some={"steps": steps})) as there:
        run = await there.carried("some")
        assert there.effects() == ["two"]
        assert states(run)["one"] == "skipped"


async def test_a_precheck_that_does_not_hold_keeps_the_step_from_running(tmp_path: Path) -> None:
    steps = [mark("one", precheck=[seen("never")])]
    async with scene(tmp_path, book(tmp_path, kept={"steps": steps})) as there:
        run = await there.carried("kept")
        assert run.state is RunState.FAILED
        assert run.error is not None
        assert "precheck query_1" in run.error
        assert there.effects() == []


async def test_a_step_that_cannot_be_proven_has_failed(tmp_path: Path) -> None:
    step = mark("one")
    step["verify"]["steps"] = [seen("other")]
    async with scene(tmp_path, book(tmp_path, unproven={"steps": [step, mark("two")]})) as there:
        run = await there.carried("unproven")
        assert run.state is RunState.FAILED
        assert "not proven within 200 ms" in str(run.error)
        assert states(run) == {"one": "failed", "two": "not begun"}


async def test_a_step_is_tried_again_before_it_counts_as_failed(tmp_path: Path) -> None:
    steps = [mark("one", retry={"times": 2, "wait": "10ms"})]
    async with scene(tmp_path, book(tmp_path, again={"steps": steps})) as there:
        there.hands.failing["one"] = 2
        run = await there.carried("again")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["one"]
        assert run.steps[0].tries == 3


async def test_continue_goes_on_after_a_failure(tmp_path: Path) -> None:
    steps = [mark("one", on_failure="continue"), mark("two")]
    async with scene(tmp_path, book(tmp_path, on={"steps": steps})) as there:
        there.hands.failing["one"] = 1
        run = await there.carried("on")
        assert run.state is RunState.SUCCEEDED, run.error
        assert states(run) == {"one": "failed", "two": "done"}


async def test_rollback_takes_back_in_reverse_what_was_done(tmp_path: Path) -> None:
    steps = [mark("one"), mark("two"), mark("three")]
    async with scene(
        tmp_path, book(tmp_path, undo={"on_failure": "rollback", "steps": steps})
    ) as there:
        there.hands.failing["three"] = 1
        run = await there.carried("undo")
        assert run.state is RunState.FAILED
        assert run.rolled_back
        assert there.effects() == ["one", "two", "not_three", "not_two", "not_one"]
        assert "taken back: three, two, one" in str(run.error)
        assert "run.rolled_back" in await there.kinds(run.id)
        with pytest.raises(Exception, match="rolled back: ask for a new one"):
            await there.runbooks.resume(run.id, ANNA, "again")


async def test_ask_lets_a_person_decide(tmp_path: Path) -> None:
    steps = [mark("one"), mark("two")]
    async with scene(tmp_path, book(tmp_path, asks={"on_failure": "ask", "steps": steps})) as there:
        there.hands.failing["one"] = 1
        run = await there.run("asks")
        view = await there.waits(run)
        assert view.waiting is not None
        assert view.waiting.kind == "decision"
        assert view.waiting.choices == ("retry", "skip", "rollback", "stop")
        await there.runbooks.decide(run, ANNA, "retry")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        assert there.effects() == ["one", "two"]


def lost(**more: Any) -> dict[str, Any]:
    """A step of which nobody knows how it ended, the first time: it kills who watches it."""
    script = "test -e died && echo one >> effects && exit; touch died; kill -9 $PPID $$"
    proof = {"within": "200ms", "every": "20ms", "steps": [seen("one")]}
    return {
        "name": "one",
        "class": 1,
        "command": {"argv": ["sh", "-c", script]},
        "verify": proof,
        "no_rollback": "a line is a line",
        **more,
    }


async def test_what_nobody_knows_is_asked_and_not_done_again(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, odd={"steps": [lost()]})) as there:
        run = await there.run("odd")
        await there.waits(run)
        assert there.effects() == []
        await there.runbooks.decide(run, ANNA, "stop")
        assert (await there.ended(run)).state is RunState.FAILED


@pytest.mark.parametrize(
    ("on_unknown", "state", "effects"),
    [("rerun", "succeeded", ["one"]), ("fail", "failed", []), ("probe", "failed", [])],
)
async def test_what_nobody_knows_is_handled_as_the_book_says(
    tmp_path: Path, on_unknown: str, state: str, effects: list[str]
) -> None:
    books = book(tmp_path, odd={"steps": [lost(on_unknown=on_unknown)]})
    async with scene(tmp_path, books) as there:
        assert (await there.carried("odd")).state == state
        assert there.effects() == effects


async def test_a_failed_run_is_resumed_at_the_step_that_failed(tmp_path: Path) -> None:
    steps = [mark("one"), mark("two"), mark("three")]
    async with scene(tmp_path, book(tmp_path, go={"steps": steps})) as there:
        there.hands.failing["two"] = 1
        failed = await there.carried("go")
        assert failed.state is RunState.FAILED
        await there.runbooks.resume(failed.id, ANNA, "mended")
        run = await there.ended(failed.id)
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["one", "two", "three"]
        assert run.round == 1


async def test_a_cancelled_run_finishes_what_it_began_and_begins_nothing(tmp_path: Path) -> None:
    slow = mark("one", verify={"within": "5s", "every": "20ms", "steps": [seen("late")]})
    async with scene(tmp_path, book(tmp_path, long={"steps": [slow, mark("two")]})) as there:
        run = await there.run("long")
        await eventually(lambda: there.effects() == ["one"])
        await there.runbooks.cancel(run, ANNA, "wrong one")
        there.hands.write("late")
        view = await there.ended(run)
        assert view.state is RunState.CANCELLED
        assert states(view) == {"one": "done", "two": "not begun"}
        assert (await there.kinds(run))[-1] == "run.ended"
        await there.runbooks.resume(run, ANNA, "the right one after all")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        assert there.effects()[-1] == "two"


async def test_class_4_is_only_printed(tmp_path: Path) -> None:
    steps = [mark("one", **{"class": 4})]
    async with scene(tmp_path, book(tmp_path, shown={"steps": steps})) as there:
        run = await there.carried("shown")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == []
        assert run.steps[0].result == {
            "printed": "service one: ordered 0 times → a new instance runs"
        }


async def test_a_run_that_takes_too_long_begins_no_further_step(tmp_path: Path) -> None:
    slow = mark("one", verify={"within": "300ms", "every": "20ms", "steps": [seen("late")]})
    steps = [{**slow, "on_failure": "continue"}, mark("two")]
    books = book(tmp_path, slow={"within": "100ms", "steps": steps})
    async with scene(tmp_path, books) as there:
        run = await there.carried("slow")
        assert run.state is RunState.FAILED
        assert "took too long: two is not begun" in str(run.error)
        assert there.effects() == ["one"]


async def test_each_item_has_a_place_of_its_own_and_a_resumed_run_does_not_repeat_the_others(
    tmp_path: Path,
) -> None:
    ready = {"if": "item == 'b'", **seen("ready")}
    inner = mark("{{ item }}", name="one", precheck=[ready])
    every = {"name": "all", "for-each": {"items": ["a", "b", "c"], "steps": [inner]}}
    async with scene(tmp_path, book(tmp_path, every={"steps": [every]})) as there:
        failed = await there.carried("every")
        assert failed.state is RunState.FAILED
        assert there.effects() == ["a"]
        there.hands.write("ready")
        await there.runbooks.resume(failed.id, ANNA, "ready now")
        run = await there.ended(failed.id)
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["a", "ready", "b", "c"]


async def test_a_runbook_runs_another_with_its_parameters(tmp_path: Path) -> None:
    books = book(
        tmp_path,
        outer={"steps": [{"run": {"runbook": "inner", "with": {"what": "said"}}}]},
        inner={
            "parameters": {"what": {"type": "text"}},
            "steps": [mark("{{ what }}", name="say")],
        },
    )
    async with scene(tmp_path, books) as there:
        run = await there.carried("outer")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["said"]
