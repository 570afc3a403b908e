"""The engine of runs in a process: opened, drained, swept, and in nobody's way."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opsbook.app import runs as module
from opsbook.app.runs import DurableRuns, make_engine
from opsbook.core.clock import SystemClock
from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command
from opsbook.durable.lock import TakenError
from opsbook.durable.model import Queue, RunState, Submission
from opsbook.durable.port import DurableError, Run, UnknownRunError
from opsbook.durable.values import Json
from opsbook.state.database import sqlite_url
from tests.eventually import eventually

QUEUES = [Queue("runs", poll=0.05)]


async def hello(run: Run, value: Json) -> Json:
    async def action() -> Json:
        return "hello"

    return await run.step("hello", action)


@asynccontextmanager
async def running(runs: DurableRuns) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(runs.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_memory(directory: Path, memory: Memory | None = None) -> DurableRuns:
    engine = MemoryEngine(memory or Memory(), {}, QUEUES)
    return DurableRuns(engine, Jobs(directory / "jobs"), SystemClock())


async def test_functions_are_told_before_it_runs(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "runs.db")
    runs = DurableRuns(make_engine(url, QUEUES), Jobs(tmp_path / "jobs"), SystemClock())
    before = runs.trouble
    runs.carry({"hello": hello})
    async with running(runs):
        await asyncio.wait_for(runs.opened.wait(), 10)
        assert (before, runs.trouble) == ("not opened yet", None)
        await runs.engine.submit(Submission("r", "runs", "hello"))
        assert (await runs.engine.wait("r", 10)).result == "hello"


async def test_a_step_under_way_has_a_moment_to_end(tmp_path: Path) -> None:
    memory, begun, ended = Memory(), asyncio.Event(), asyncio.Event()

    async def function(run: Run, value: Json) -> Json:
        async def action() -> Json:
            begun.set()
            await asyncio.sleep(0.2)
            ended.set()
            return None

        return await run.step("slow", action)

    runs = in_memory(tmp_path, memory)
    runs.carry({"f": function})
    async with running(runs):
        await runs.opened.wait()
        await runs.engine.submit(Submission("r", "runs", "f"))
        await begun.wait()
    assert ended.is_set()
    assert [each.name for each in memory.rows["r"].recorded] == ["slow"]


async def test_one_that_does_not_end_is_left_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FAREWELL", 0.1)
    memory, begun = Memory(), asyncio.Event()

    async def function(run: Run, value: Json) -> Json:
        async def action() -> Json:
            begun.set()
            await asyncio.Event().wait()
            return None

        return await run.step("endless", action)

    runs = in_memory(tmp_path, memory)
    runs.carry({"f": function})
    async with running(runs):
        await runs.opened.wait()
        await runs.engine.submit(Submission("r", "runs", "f"))
        await begun.wait()
    assert memory.rows["r"].info.state is RunState.RUNNING


async def test_what_ended_a_month_ago_is_forgotten_with_its_jobs(tmp_path: Path) -> None:
    runs = in_memory(tmp_path)
    runs.carry({"hello": hello})
    await runs.jobs.carry_out("old", Command(["true"], tmp_path, 10))
    await runs.jobs.carry_out("new", Command(["true"], tmp_path, 10))
    os.utime(tmp_path / "jobs/old", (0, time.time() - 31 * 86_400))
    async with running(runs):
        await eventually(lambda: not (tmp_path / "jobs/old").exists())
    assert (tmp_path / "jobs/new").exists()


async def test_a_database_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    class Late(MemoryEngine):
        away = True

        async def open(self) -> None:
            if self.away:
                raise DurableError("nobody answers")
            await super().open()

    engine = Late(Memory(), {}, QUEUES)
    runs = DurableRuns(engine, Jobs(tmp_path / "jobs"), SystemClock())
    async with running(runs):
        await eventually(lambda: runs.trouble == "runs are not carried: nobody answers")
        engine.away = False
        await eventually(lambda: runs.trouble is None)


async def test_a_second_carrier_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.1)

    class Taken(MemoryEngine):
        async def open(self) -> None:
            raise TakenError("another carries the runs")

    runs = DurableRuns(Taken(Memory(), {}, QUEUES), Jobs(tmp_path / "jobs"), SystemClock())
    with pytest.raises(TakenError, match="another carries the runs"):
        await runs.run()


async def test_runs_of_another_version_are_told(tmp_path: Path) -> None:
    memory, begun = Memory(), asyncio.Event()

    async def function(run: Run, value: Json) -> Json:
        begun.set()
        return await run.wait_for("nothing", 60)

    before = MemoryEngine(memory, {"f": function}, QUEUES, version="0")
    await before.open()
    await before.submit(Submission("r", "runs", "f"))
    await begun.wait()
    await before.close()
    runs = in_memory(tmp_path, memory)
    async with running(runs):
        await eventually(lambda: runs.stranded == ["r"])
        with pytest.raises(UnknownRunError):
            await runs.engine.show("another")
