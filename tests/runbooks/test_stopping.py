"""Work that ends when it is told to."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsbook.runbooks.context import Context
from opsbook.runbooks.stopping import HalfWayError, unless_stopped
from tests.runbooks.scene import Alone


@pytest.fixture
def context(tmp_path: Path) -> Context:
    values: dict[str, Any] = {"steps": {}}
    return Context("run", "one", "0.1", "ada", "test", values, asyncio.Event(), Alone(tmp_path))


async def test_what_ends_by_itself_has_its_result(context: Context) -> None:
    assert await unless_stopped(context, "it", asyncio.sleep(0, 7)) == 7


async def test_told_to_stop_the_work_is_over_when_that_is_said(context: Context) -> None:
    over = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            over.set()

    asyncio.get_running_loop().call_later(0.02, context.stopping.set)
    with pytest.raises(HalfWayError, match="it: stopped half way"):
        await unless_stopped(context, "it", work())
    assert over.is_set()


async def test_what_has_ended_when_it_is_told_to_stop_counts(context: Context) -> None:
    stopped = asyncio.Event()
    stopped.set()

    async def work() -> int:
        return 7

    done = replace(context, stopping=asyncio.Event())
    assert await unless_stopped(done, "it", work()) == 7
    with pytest.raises(HalfWayError):
        await unless_stopped(replace(context, stopping=stopped), "it", asyncio.sleep(1))
