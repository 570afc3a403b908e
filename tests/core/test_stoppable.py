"""Work that is cancelled ends soon, also where it first says goodbye to its server."""

import asyncio
import time

import pytest

from opsbook.core.stoppable import stoppable


async def test_it_gives_what_the_work_gives() -> None:
    async def work() -> int:
        return 7

    assert await stoppable(work()) == 7


async def test_work_that_lingers_is_cancelled_again() -> None:
    cancels = 0

    async def work() -> None:
        nonlocal cancels
        while cancels < 2:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                cancels += 1

    stopped = asyncio.ensure_future(stoppable(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    began = time.monotonic()
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert cancels == 2
    assert time.monotonic() - began < 5


async def test_an_error_on_the_way_out_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise OSError("the connection is gone") from None

    stopped = asyncio.ensure_future(stoppable(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert caplog.records == []
