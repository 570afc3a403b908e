"""Agents of two hosts and one real PostgreSQL; agents, hosts and the database come and go."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from opsbook.app.runs import DurableRuns, make_engine
from opsbook.app.state import State
from opsbook.core.clock import SystemClock
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.model import Queue, RunState, Submission
from opsbook.durable.port import Engine
from opsbook.runbooks.hosts import queue_of
from opsbook.state.hosts import heard
from opsbook.state.settings import StateSettings
from tests.durable.databases import fresh_database
from tests.eventually import eventually
from tests.servers.crashing import Crashing, crashing_postgres

WITHIN = 60.0


@pytest.fixture(scope="module")
def crashing() -> Iterator[Crashing]:
    with crashing_postgres() as server:
        yield server


@pytest.fixture
def book(crashing: Crashing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two hosts, and the tables that `opsbook up` would have made."""
    url = fresh_database(crashing.server)
    monkeypatch.setenv("STATE_URL", url)
    State(StateSettings(database=url), tmp_path / "state.db", "small").close()
    file = tmp_path / "book.yaml"
    sections = {"state": {"database": "env:STATE_URL"}, "hosts": {"north": {}, "south": {}}}
    file.write_text(json.dumps({"platform": {"name": "small"}, **sections}))
    return file


@contextmanager
def agent(book: Path, host: str) -> Iterator["subprocess.Popen[str]"]:
    """An agent of a host, in a directory of its own; it need not live to the end."""
    command = [sys.executable, "-m", "tests.live.agent", str(book), host]
    command.append(str(book.parent / host))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=15)


@asynccontextmanager
async def controller(book: Path) -> AsyncIterator[Engine]:
    """Who asks for steps, as `opsbook up` does."""
    url = StateSettings(database="env:STATE_URL").url(book)
    jobs = Jobs(book.parent / "jobs")
    runs = DurableRuns(make_engine(url, [Queue("runs")]), jobs, SystemClock())
    task = asyncio.create_task(runs.run())
    await asyncio.wait_for(runs.opened.wait(), WITHIN)
    try:
        yield runs.engine
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def submit(
    engine: Engine, name: str, host: str, script: str, start_within: float = WITHIN
) -> None:
    words = ["sh", "-c", script]
    step = Submission(name, queue_of(host), "step", words, start_within=start_within)
    await engine.submit(step)


async def outcome(engine: Engine, name: str) -> Mapping[str, Any]:
    info = await engine.wait(name, WITHIN)
    assert info.state is RunState.SUCCEEDED, info
    assert isinstance(info.result, Mapping)
    return info.result


def jobs_of(book: Path, host: str) -> list[str]:
    """What the agent of a host has carried out."""
    return sorted(each.name for each in (book.parent / host / "jobs").iterdir())


async def test_each_step_is_carried_out_on_its_own_host(book: Path) -> None:
    async with controller(book) as engine:
        with agent(book, "north"), agent(book, "south"):
            for number in range(6):
                host = ("north", "south")[number % 2]
                await submit(engine, f"s{number}", host, "echo done")
            for number in range(6):
                assert (await outcome(engine, f"s{number}"))["words"] == "done"
    assert jobs_of(book, "north") == ["s0.0", "s2.0", "s4.0"]
    assert jobs_of(book, "south") == ["s1.0", "s3.0", "s5.0"]


async def test_a_step_for_a_host_that_is_down_expires_and_those_of_others_do_not(
    book: Path,
) -> None:
    async with controller(book) as engine:
        with agent(book, "north"):
            await submit(engine, "never", "south", f"touch {book.parent}/happened", 1.0)
            await submit(engine, "patient", "south", "echo late")
            await submit(engine, "other", "north", "echo here")
            assert (await outcome(engine, "other"))["words"] == "here"
            assert (await engine.wait("never", WITHIN)).state is RunState.EXPIRED
            with agent(book, "south"):
                assert (await outcome(engine, "patient"))["words"] == "late"
    assert not (book.parent / "happened").exists()


async def test_killed_in_a_command_the_next_agent_takes_it_up(book: Path) -> None:
    effects = book.parent / "effects"
    async with controller(book) as engine:
        with agent(book, "north") as first:
            await submit(engine, "s", "north", f"echo once >> {effects}; sleep 3; echo done")
            await eventually(effects.exists, WITHIN)
            first.send_signal(signal.SIGKILL)
            await asyncio.to_thread(first.wait)
            with agent(book, "north"):
                result = await outcome(engine, "s")
    assert (result["ending"], result["code"], result["words"]) == ("exited", 0, "done")
    assert effects.read_text() == "once\n"


async def test_a_database_that_is_away_for_a_while_costs_nothing(
    crashing: Crashing, book: Path
) -> None:
    effects = book.parent / "effects"
    async with controller(book) as engine:
        with agent(book, "north"):
            await submit(engine, "s", "north", f"echo once >> {effects}; sleep 2; echo done")
            await eventually(effects.exists, WITHIN)
            await asyncio.to_thread(crashing.crash)
            await asyncio.sleep(10)
            await asyncio.to_thread(crashing.start)
            while True:
                try:
                    result = await outcome(engine, "s")
                except Exception as error:
                    assert type(error).__name__ == "DurableError"
                else:
                    break
            await submit(engine, "next", "north", "echo well")
            assert (await outcome(engine, "next"))["words"] == "well"
    assert (result["ending"], result["words"]) == ("exited", "done")
    assert effects.read_text() == "once\n"


async def test_a_host_has_one_agent(book: Path) -> None:
    with agent(book, "north") as first:
        state = State(StateSettings(database="env:STATE_URL"), book, "small")
        await eventually(lambda: heard(state.engine), WITHIN)
        command = [sys.executable, "-m", "tests.live.agent", str(book), "north"]
        second = await asyncio.to_thread(
            subprocess.run,
            [*command, str(book.parent / "second")],
            capture_output=True,
            text=True,
            timeout=30,
        )
        known = heard(state.engine)
        state.close()
        assert known["north"].pid == first.pid
    assert second.returncode
    assert "another opsbook carries the runs of 'host.north'" in second.stderr
