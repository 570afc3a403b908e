"""The bounds of what is under way."""

from pathlib import Path
from typing import Any

from opsbook.durable.model import RunState
from opsbook.runbooks.interpreter import AT_ONCE
from opsbook.runbooks.journey import MOST_STEPS
from tests.eventually import eventually
from tests.runbooks.scene import BERT, book, mark, scene


def many(count: int) -> dict[str, Any]:
    """So many steps, the one around them included, that are left out one by one."""
    inner = {"if": "item < 0", "query": {"expression": "x"}}
    items = f"{{{{ range({count - 1}) | list }}}}"
    return {"steps": [{"name": "all", "for-each": {"items": items, "steps": [inner]}}]}


async def test_a_run_has_at_most_500_steps(tmp_path: Path) -> None:
    books = book(tmp_path, fits=many(MOST_STEPS), exceeds=many(MOST_STEPS + 1))
    async with scene(tmp_path, books) as there:
        assert (await there.ended(await there.run("fits"), 30)).state is RunState.SUCCEEDED
        view = await there.ended(await there.run("exceeds"), 30)
        assert view.state is RunState.FAILED
        assert "more than 500 steps: all.500.query_1 is not carried out" in str(view.error)


async def test_the_51st_run_waits_for_room_and_says_so(tmp_path: Path) -> None:
    books = book(tmp_path, big={"steps": [mark("one", **{"class": 3})]}, one={"steps": [mark("x")]})
    async with scene(tmp_path, books) as there:
        waiting = [await there.run("big") for _ in range(AT_ONCE)]
        last = await there.run("one")
        view = await there.waits(last, "queue")
        assert view.waiting is not None
        assert "at most 50 runs are under way at once" in view.waiting.what
        await there.waits(waiting[0], "approval")
        assert there.effects() == []
        await there.runbooks.refuse(waiting[0], BERT, "make room")
        assert (await there.ended(last)).state is RunState.SUCCEEDED
        await eventually(lambda: there.effects() == ["x"])
