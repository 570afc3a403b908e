"""Commands carried out within a time."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from opsbook.core.procfs import all_pids, arguments
from opsbook.services.controller import ControllerError
from opsbook.services.execute import execute
from opsbook.services.output import Output
from tests.services.controllers.bound import until
from tests.services.controllers.contract import open_files


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path / "log")


def sleeping(number: str) -> list[int]:
    return [pid for pid in all_pids() if arguments(pid) == ["sleep", number]]


async def test_the_exit_code_and_the_last_words_are_told(output: Output, tmp_path: Path) -> None:
    words = ["sh", "-c", "echo out; echo err >&2; exit 7"]
    await execute(["echo", "earlier"], tmp_path, {}, output, 5)
    assert await execute(words, tmp_path, {}, output, 5) == (7, "out\nerr")


async def test_a_signal_is_told_as_a_negative_number(output: Output, tmp_path: Path) -> None:
    assert await execute(["sh", "-c", "kill -9 $$"], tmp_path, {}, output, 5) == (-9, "")


async def test_output_that_nobody_wants_goes_nowhere(tmp_path: Path) -> None:
    assert await execute(["echo", "words"], tmp_path, {}, None, 5) == (0, "")
    assert list(tmp_path.iterdir()) == []


async def test_what_it_leaves_running_is_not_waited_for(output: Output, tmp_path: Path) -> None:
    number = str(os.getpid() + 3_000_000)
    async with asyncio.timeout(3):
        _, left = await execute(["sh", "-c", f"sleep {number} & echo $!"], tmp_path, {}, output, 5)
    await until(lambda: sleeping(number) == [int(left)])
    os.kill(int(left), signal.SIGKILL)


async def test_one_that_takes_too_long_is_killed_with_its_children(
    output: Output, tmp_path: Path
) -> None:
    number = str(os.getpid() + 4_000_000)
    words = ["sh", "-c", f"sleep {number} & sleep {number}"]
    with pytest.raises(ControllerError, match=r"sh took longer than 0\.2 s and was killed"):
        await execute(words, tmp_path, {}, output, 0.2)
    await until(lambda: not sleeping(number))


@pytest.mark.parametrize("delay", [0, 0.001, 0.1])
async def test_one_that_is_cancelled_is_killed(
    output: Output, tmp_path: Path, delay: float
) -> None:
    number = str(os.getpid() + 5_000_000)
    files = open_files()
    running = asyncio.create_task(execute(["sleep", number], tmp_path, {}, output, 5))
    await asyncio.sleep(delay)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    await until(lambda: not sleeping(number))
    assert open_files() <= files


async def test_one_that_cannot_be_started_is_told(output: Output, tmp_path: Path) -> None:
    with pytest.raises(ControllerError, match="cannot start /no/such"):
        await execute(["/no/such"], tmp_path, {}, output, 5)
