"""What a command writes, handed on while it runs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command
from opsbook.durable.values import Json
from opsbook.runbooks import relaying
from opsbook.runbooks.output import Output
from opsbook.runbooks.relaying import Relaying
from opsbook.state.database import connect, sqlite_url
from tests.eventually import eventually


@pytest.fixture
def output(tmp_path: Path) -> Iterator[Output]:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    yield Output(engine)
    engine.dispose()


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(tmp_path / "jobs")
    yield made
    made.close()


async def carried(jobs: Jobs, output: Output, script: str, directory: Path) -> Json:
    async def work() -> Json:
        command = Command(("sh", "-c", script), directory, 30)
        return (await jobs.carry_out("job", command)).code

    return await Relaying(jobs, "job", output).around(work)


def told(output: Output) -> str:
    return "".join(piece.text for piece in output.read("job", 0))


async def test_lines_are_there_before_the_command_has_ended(
    tmp_path: Path, jobs: Jobs, output: Output
) -> None:
    script = "echo one; while [ ! -e go ]; do sleep 0.05; done; printf two"
    carrying = asyncio.create_task(carried(jobs, output, script, tmp_path))
    await eventually(lambda: told(output) == "one\n", 2)
    (tmp_path / "go").touch()
    assert await carrying == 0
    assert told(output) == "one\ntwo"


async def test_who_takes_it_up_goes_on_where_the_one_before_was(
    tmp_path: Path, jobs: Jobs, output: Output
) -> None:
    script = "echo one; while [ ! -e go ]; do sleep 0.05; done; echo two"
    first = asyncio.create_task(carried(jobs, output, script, tmp_path))
    await eventually(lambda: told(output) == "one\n", 2)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    (tmp_path / "go").touch()
    assert await carried(jobs, output, script, tmp_path) == 0
    assert told(output) == "one\ntwo\n"


async def test_more_than_there_is_room_for_stays_on_its_host(
    tmp_path: Path, jobs: Jobs, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_MOST", 20_000)
    assert await carried(jobs, output, "yes | head -c 100000", tmp_path) == 0
    words = told(output)
    assert 20_000 <= len(words) < 40_000
    assert words.endswith("what follows is kept on its host\n")


async def test_a_character_that_no_database_takes_is_replaced(
    tmp_path: Path, jobs: Jobs, output: Output
) -> None:
    assert await carried(jobs, output, r"printf 'a\000b\n'", tmp_path) == 0
    assert told(output) == "a\N{REPLACEMENT CHARACTER}b\n"
