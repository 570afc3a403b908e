"""Work in a thread, told to end and waited for."""

import asyncio
import threading

import pytest

from opsbook.backups.threaded import to_its_end


async def test_what_the_work_gives_and_raises_comes_back() -> None:
    assert await to_its_end(lambda halt: 7) == 7

    def fail(halt: threading.Event) -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await to_its_end(fail)


async def test_work_is_told_when_its_run_is_cancelled() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stopping.set)
    assert await to_its_end(lambda halt: halt.wait(10), stopping)


async def test_who_is_cancelled_leaves_no_work_behind() -> None:
    ended = threading.Event()

    def work(halt: threading.Event) -> None:
        halt.wait(10)
        ended.set()

    task = asyncio.create_task(to_its_end(work))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
