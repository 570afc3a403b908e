"""The way through one step, and through what it consists of."""

from pathlib import Path
from typing import Any

from opsbook.durable.engines.memory import Memory
from opsbook.durable.model import RunState
from tests.eventually import eventually
from tests.runbooks.scene import ANNA, book, mark, scene, seen
from tests.runbooks.test_journey import lost, states


async def test_what_nobody_knew_is_done_when_somebody_resumes_it(tmp_path: Path) -> None:
    steps = [mark("zero"), lost(on_unknown="ask"), mark("two")]
    async with scene(tmp_path, book(tmp_path, odd={"steps": steps})) as there:
        run = await there.run("odd")
        await there.waits(run, "decision")
        await there.runbooks.decide(run, ANNA, "stop")
        assert (await there.ended(run)).state is RunState.FAILED
        assert there.effects() == ["zero"]
        await there.runbooks.resume(run, ANNA, "it was not done")
        view = await there.ended(run)
        assert view.state is RunState.SUCCEEDED, view.error
        assert there.effects() == ["zero", "one", "two"]


async def test_what_a_person_skipped_stays_skipped_when_a_later_step_is_resumed(
    tmp_path: Path,
) -> None:
    steps = [lost(on_unknown="ask"), mark("two")]
    async with scene(tmp_path, book(tmp_path, odd={"steps": steps})) as there:
        there.hands.failing["two"] = 1
        run = await there.run("odd")
        await there.waits(run, "decision")
        await there.runbooks.decide(run, ANNA, "skip")
        assert (await there.ended(run)).state is RunState.FAILED
        await there.runbooks.resume(run, ANNA, "mended")
        view = await there.ended(run)
        assert view.state is RunState.SUCCEEDED, view.error
        assert there.effects() == ["two"]
        assert (await there.kinds(run)).count("run.decided") == 1


def each(*items: str, **more: Any) -> dict[str, Any]:
    """One step for each thing; what fails is told by `failing` of the hands."""
    inner = mark("{{ item }}", name="one")
    settings = {"items": list(items), "steps": [inner], "continue": True}
    return {"name": "all", "for-each": settings, **more}


async def test_resumed_only_the_items_that_failed_are_done_again(tmp_path: Path) -> None:
    steps = [each("a", "b", "c", "d"), mark("end")]
    async with scene(tmp_path, book(tmp_path, every={"steps": steps})) as there:
        there.hands.failing = {"a": 2, "c": 1}
        run = await there.carried("every")
        assert run.state is RunState.FAILED
        assert "2 failed, 2 of 4 are done" in str(run.error)
        assert there.effects() == ["b", "d"]
        await there.runbooks.resume(run.id, ANNA, "c is mended")
        again = await there.ended(run.id)
        assert "1 failed, 3 of 4 are done" in str(again.error)
        assert there.effects() == ["b", "d", "c"]
        await there.runbooks.resume(run.id, ANNA, "a is mended too")
        last = await there.ended(run.id)
        assert last.state is RunState.SUCCEEDED, last.error
        assert there.effects() == ["b", "d", "c", "a", "end"]
        assert last.steps[0].result == {"count": 4, "done": ["a", "b", "c", "d"], "failed": []}


async def test_what_was_done_before_it_was_resumed_is_taken_back_too(tmp_path: Path) -> None:
    steps = [each("a", "b"), mark("end", on_failure="rollback")]
    async with scene(tmp_path, book(tmp_path, every={"steps": steps})) as there:
        there.hands.failing = {"a": 1, "end": 1}
        run = await there.carried("every")
        await there.runbooks.resume(run.id, ANNA, "a is mended")
        view = await there.ended(run.id)
        assert view.rolled_back
        undone = [line for line in there.effects() if line.startswith("not_")]
        assert undone == ["not_end", "not_a", "not_b", "not_a"]


async def test_tried_again_only_the_items_that_failed_are_done_again(tmp_path: Path) -> None:
    steps = [each("a", "b", "c", retry={"times": 1, "wait": "10ms"})]
    async with scene(tmp_path, book(tmp_path, every={"steps": steps})) as there:
        there.hands.failing = {"b": 1}
        run = await there.carried("every")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["a", "c", "b"]


async def test_a_restart_in_the_middle_of_the_failed_items_does_none_of_the_others_again(
    tmp_path: Path,
) -> None:
    inner = mark("{{ item }}", name="one", precheck=[{"if": "item == 'a'", **seen("ready")}])
    inner["verify"]["within"] = "5s"
    inner["verify"]["steps"].append({"if": "item == 'a'", **seen("proof")})
    settings = {"items": ["a", "b"], "steps": [inner], "continue": True}
    books = book(tmp_path, every={"steps": [{"name": "all", "for-each": settings}]})
    memory = Memory()
    async with scene(tmp_path, books, memory) as there:
        run = await there.carried("every")
        assert there.effects() == ["b"]
        there.hands.write("ready")
        await there.runbooks.resume(run.id, ANNA, "ready")
        await eventually(lambda: "a" in there.effects())
        await there.runbooks.show(run.id)
    async with scene(tmp_path, books, memory) as there:
        there.hands.write("proof")
        view = await there.ended(run.id)
        assert view.state is RunState.SUCCEEDED, view.error
        assert there.effects().count("b") == 1
        assert states(view)["all"] == "done"


async def test_what_fails_again_after_it_was_resumed_within_is_not_tried_a_third_time(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, book(tmp_path, every={"steps": [each("a", "b")]})) as there:
        there.hands.failing = {"a": 3}
        run = await there.carried("every")
        await there.runbooks.resume(run.id, ANNA, "at that item", at="all.1.one")
        assert (await there.ended(run.id)).state is RunState.FAILED
        assert there.hands.failing == {"a": 1}
