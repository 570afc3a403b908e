"""One try: deadlines that crashes do not begin again, and looks that go wrong."""

import asyncio
import time
from pathlib import Path

from opsbook.durable.engines.memory import Memory
from opsbook.durable.model import RunState
from tests.eventually import eventually
from tests.runbooks.scene import book, mark, scene, seen


async def test_a_crash_does_not_begin_the_deadline_of_a_proof_again(tmp_path: Path) -> None:
    proof = {"within": "1500ms", "every": "20ms", "steps": [seen("never")]}
    books, memory = book(tmp_path, slow={"steps": [mark("one", verify=proof)]}), Memory()
    async with scene(tmp_path, books, memory) as there:
        run = await there.run("slow")
        await eventually(lambda: there.effects() == ["one"])
        await asyncio.sleep(1.0)
    began = time.monotonic()
    async with scene(tmp_path, books, memory) as there:
        view = await there.ended(run)
    assert "not proven within" in str(view.error)
    assert time.monotonic() - began < 1.4


async def test_who_comes_back_after_the_deadline_looks_once(tmp_path: Path) -> None:
    proof = {"within": "300ms", "every": "20ms", "steps": [seen("late")]}
    books, memory = book(tmp_path, slow={"steps": [mark("one", verify=proof)]}), Memory()
    async with scene(tmp_path, books, memory) as there:
        run = await there.run("slow")
        await eventually(lambda: there.effects() == ["one"])
        await eventually(lambda: any(":proving." in name for name in recorded(memory)))
    await asyncio.sleep(0.4)
    async with scene(tmp_path, books, memory) as there:
        there.hands.write("late")
        assert (await there.ended(run)).state is RunState.SUCCEEDED


def recorded(memory: Memory) -> list[str]:
    return [each.name for row in memory.rows.values() for each in row.recorded]


async def test_a_look_that_cannot_be_taken_is_a_failure_of_its_step(tmp_path: Path) -> None:
    scale = mark("one", service={"scale": "one", "to": "+1"}, on_failure="continue")
    async with scene(tmp_path, book(tmp_path, more={"steps": [scale, mark("two")]})) as there:
        run = await there.carried("more")
        assert run.state is RunState.SUCCEEDED, run.error
        assert "nobody can tell how many" in str(run.steps[0].error)
        assert there.effects() == ["two"]
