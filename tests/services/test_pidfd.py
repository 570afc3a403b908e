"""The end of a process as an event."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from opsbook.core.procfs import ProcessIdentity, identify, open_files
from opsbook.services.model import how_it_ended
from opsbook.services.pidfd import process_end


def a_child(code: str = "import time; time.sleep(60)") -> tuple[int, ProcessIdentity]:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", code], dict(os.environ))
    identity = identify(pid)
    assert identity is not None
    return pid, identity


async def test_a_death_is_seen_at_once_with_its_signal() -> None:
    pid, process = a_child()
    waiting = asyncio.create_task(process_end(process))
    await asyncio.sleep(0.1)
    killed = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    assert await waiting == -signal.SIGKILL
    assert time.perf_counter() - killed < 0.1


async def test_an_end_has_its_exit_code_and_leaves_no_zombie() -> None:
    pid, process = a_child("import sys; sys.exit(3)")
    assert await process_end(process) == 3
    assert identify(pid) is None


async def test_all_who_wait_for_one_end_hear_how_it_was_also_later() -> None:
    _, process = a_child("import time; time.sleep(0.1); raise SystemExit(5)")
    assert set(await asyncio.gather(process_end(process), process_end(process))) == {5}
    assert await process_end(process) == 5


async def test_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    pid, process = a_child()
    assert await process_end(replace(process, start_ticks=process.start_ticks - 1)) is None
    os.kill(pid, signal.SIGKILL)
    await process_end(process)


async def test_a_stranger_is_watched_as_well() -> None:
    shell = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"]
    pid = int(subprocess.run(shell, stdout=subprocess.PIPE, check=True).stdout)
    stranger = identify(pid)
    assert stranger is not None
    waiting = asyncio.create_task(process_end(stranger))
    await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    assert await asyncio.wait_for(waiting, 5) is None


async def test_who_stops_waiting_leaves_nothing_open() -> None:
    pid, process = a_child()
    before = open_files(os.getpid())
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(process_end(process), 0.01)
    assert open_files(os.getpid()) == before
    os.kill(pid, signal.SIGKILL)
    await process_end(process)


def test_an_end_is_told_in_words() -> None:
    assert [how_it_ended(status) for status in (0, -9, None)] == [
        "exited with 0",
        "killed by SIGKILL",
        "ended; its exit status is not known",
    ]
