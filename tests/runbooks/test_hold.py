"""The service that a step changes."""

from pathlib import Path

from opsbook.durable.model import RunState
from tests.runbooks.scene import BERT, book, mark, scene


async def test_a_service_whose_name_cannot_be_told_is_a_failure_of_its_step(
    tmp_path: Path,
) -> None:
    steps = [mark("one", changes="{{ alert.labels.service }}", on_failure="continue"), mark("two")]
    async with scene(tmp_path, book(tmp_path, odd={"steps": steps})) as there:
        run = await there.carried("odd")
        assert run.state is RunState.SUCCEEDED, run.error
        assert "cannot be filled" in str(run.steps[0].error)
        assert there.effects() == ["two"]


async def test_it_is_free_again_when_the_step_has_ended(tmp_path: Path) -> None:
    later = mark("two", **{"class": 3})
    books = book(tmp_path, slow={"steps": [mark("one"), later]}, other={"steps": [mark("one")]})
    async with scene(tmp_path, books) as there:
        first = await there.run("slow")
        await there.waits(first, "approval")
        assert (await there.carried("other")).state is RunState.SUCCEEDED
        await there.runbooks.refuse(first, BERT, "enough")
        await there.ended(first)


async def test_what_a_step_within_changes_too_is_not_waited_for(tmp_path: Path) -> None:
    inner = {"name": "both", "changes": "one", "class": 1}
    around = {**inner, "for-each": {"items": ["a"], "steps": [mark("one")]}}
    async with scene(tmp_path, book(tmp_path, nested={"steps": [around]})) as there:
        run = await there.carried("nested")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["one"]
        assert await there.runbooks._locks.holder("one") is None
