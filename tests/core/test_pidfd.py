"""The end of a process as an event, and signals that never reach another with its number."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from opsbook.core.pidfd import end_of, send
from opsbook.core.procfs import ProcessIdentity, identify, open_files


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def identity(process: "subprocess.Popen[bytes]") -> ProcessIdentity:
    found = identify(process.pid)
    assert found is not None
    return found


async def test_an_end_is_told_and_its_status_left_to_whoever_started_it(
    child: "subprocess.Popen[bytes]",
) -> None:
    waiting = asyncio.create_task(end_of(identity(child)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    child.terminate()
    async with asyncio.timeout(2):
        await waiting
    assert child.wait(2) == -signal.SIGTERM


async def test_one_that_is_gone_has_ended(child: "subprocess.Popen[bytes]") -> None:
    process = identity(child)
    child.kill()
    child.wait()
    send(process, signal.SIGTERM)
    async with asyncio.timeout(1):
        await end_of(process)


async def test_another_with_its_number_is_neither_watched_nor_signalled(
    child: "subprocess.Popen[bytes]",
) -> None:
    earlier = replace(identity(child), start_ticks=identity(child).start_ticks - 1)
    send(earlier, signal.SIGKILL)
    async with asyncio.timeout(1):
        await end_of(earlier)
    assert child.poll() is None


def test_a_signal_reaches_the_process(child: "subprocess.Popen[bytes]") -> None:
    send(identity(child), signal.SIGTERM)
    assert child.wait(2) == -signal.SIGTERM


async def test_who_stops_waiting_leaves_nothing_open(child: "subprocess.Popen[bytes]") -> None:
    before = open_files(os.getpid())
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(end_of(identity(child)), 0.01)
    assert open_files(os.getpid()) == before
