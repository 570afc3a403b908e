"""Runs in memory, for tests of what is built on runs. They survive an engine, not a process."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opsbook.core.errors import BadInputError
from opsbook.durable.carried import CarriedRun, step_info, told
from opsbook.durable.gate import Gate
from opsbook.durable.model import (
    Cancellation,
    Queue,
    RunInfo,
    RunState,
    StepInfo,
    Submission,
)
from opsbook.durable.port import (
    ChangedRunError,
    DurableFunction,
    Engine,
    RunCancelledError,
    RunStateError,
    StepFailedError,
    UnknownRunError,
)
from opsbook.durable.values import Json, plain


@dataclass
class _Recorded:
    name: str
    value: Json
    started_at: float
    ended_at: float


@dataclass
class _Row:
    info: RunInfo
    single: str | None
    start_by: float
    recorded: list[_Recorded] = field(default_factory=list)
    mail: list[Json] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Memory:
    """What a database would keep."""

    def __init__(self) -> None:
        self.rows: dict[str, _Row] = {}
        self.carriers: set[str] = set()


class _Checkpoints:
    def __init__(self, row: _Row) -> None:
        self._row = row
        self._at = 0

    async def once(self, name: str, body: Callable[[], Awaitable[Json]]) -> Json:
        return await self._record(name, body)

    async def receive(self, within: float) -> Json:
        async def next_message() -> Json:
            row = self._row
            row.came.clear()
            if not row.mail:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(within):
                        await row.came.wait()
            return row.mail.pop(0) if row.mail else None

        return await self._record("", next_message)

    async def _record(self, name: str, body: Callable[[], Awaitable[Json]]) -> Json:
        at = self._at
        self._at += 1
        if at == len(self._row.recorded):
            started = time.time()
            value = await body()
            self._row.recorded.append(_Recorded(name, value, started, time.time()))
        known = self._row.recorded[at]
        if known.name != name:
            raise ChangedRunError(f"step {at} was {known.name!r} before and is {name!r} now")
        return known.value


class MemoryEngine(Engine):
    """Carries runs as tasks of the event loop."""

    def __init__(
        self,
        memory: Memory,
        functions: Mapping[str, DurableFunction],
        queues: Sequence[Queue],
        name: str = "controller",
        version: str = "1",
    ) -> None:
        self.functions = functions
        self._rows = memory.rows
        self._carriers = memory.carriers
        self._queues = {queue.name: queue for queue in queues}
        self._name = name
        self._version = version
        self._gate = Gate()
        self._lives: dict[str, tuple[asyncio.Task[None], CarriedRun]] = {}
        self._changed = asyncio.Event()
        self._feeding: asyncio.Task[None] | None = None

    async def open(self) -> None:
        if self._name in self._carriers:
            raise BadInputError(f"another carries the runs of {self._name!r}")
        self._carriers.add(self._name)
        for row in self._rows.values():
            if row.info.state is RunState.RUNNING and row.info.version == self._version:
                self._begin(row)
        self._feeding = asyncio.create_task(self._feed())

    async def close(self) -> None:
        tasks = [task for task, _ in self._lives.values()]
        if self._feeding is not None:
            tasks.append(self._feeding)
            self._feeding = None
            self._carriers.discard(self._name)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def drain(self, within: float) -> bool:
        return await self._gate.shut(within)

    async def submit(self, submission: Submission) -> str:
        if submission.id in self._rows:
            return submission.id
        for row in self._rows.values():
            if (
                submission.single is not None
                and (row.info.queue, row.single) == (submission.queue, submission.single)
                and not row.info.state.ended
            ):
                return row.info.id
        within = submission.start_within
        start_by = float("inf") if within is None else time.time() + within
        self._rows[submission.id] = _Row(_submitted(submission), submission.single, start_by)
        self._changed.set()
        return submission.id

    async def cancel(self, run_id: str, cancellation: Cancellation) -> None:
        row = self._row(run_id)
        if row.info.state.ended:
            return
        _update(row, cancellation=cancellation)
        if row.info.state is RunState.WAITING or run_id not in self._lives:
            _end(row, RunState.EXPIRED if cancellation.expired else RunState.CANCELLED)
            return
        self._lives[run_id][1].stop(cancellation)
        row.mail.append({"cancel": told(cancellation)})
        row.came.set()

    async def signal(self, run_id: str, name: str, value: Json, key: str) -> None:
        row = self._row(run_id)
        if row.info.state.ended:
            raise RunStateError(f"run {run_id} has ended; nobody waits for {name}")
        if key not in row.keys:
            row.keys.add(key)
            row.mail.append({"signal": name, "value": plain(value)})
            row.came.set()

    async def show(self, run_id: str) -> RunInfo:
        row = self._row(run_id)
        return replace(row.info, steps=tuple(_step(each) for each in row.recorded if each.name))

    async def find(
        self,
        *,
        states: Collection[RunState] = (),
        prefix: str = "",
        queue: str | None = None,
        limit: int = 100,
    ) -> list[RunInfo]:
        found = [
            row.info
            for row in reversed(self._rows.values())
            if (not states or row.info.state in states)
            and row.info.id.startswith(prefix)
            and queue in (None, row.info.queue)
        ]
        return found[:limit]

    async def wait(self, run_id: str, within: float) -> RunInfo:
        row = self._row(run_id)
        async with asyncio.timeout(within):
            while not row.info.state.ended:
                row.changed.clear()
                await row.changed.wait()
        return await self.show(run_id)

    async def resume(self, run_id: str, at: str | None = None) -> None:
        row = self._row(run_id)
        if row.info.state not in (RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED):
            raise RunStateError(f"run {run_id} is {row.info.state}: nothing to resume")
        at = at or row.info.stopped_at
        if at is not None:
            names = [each.name for each in row.recorded]
            if at not in names:
                raise UnknownRunError(f"run {run_id} has no step {at}")
            del row.recorded[names.index(at) :]
        row.mail.clear()
        row.start_by = float("inf")
        _update(
            row,
            state=RunState.WAITING,
            round=row.info.round + 1,
            cancellation=None,
            stopped_at=None,
            error=None,
            ended_at=None,
        )
        self._changed.set()

    async def prune(self, before: float) -> int:
        old = [
            run_id
            for run_id, row in self._rows.items()
            if row.info.ended_at is not None and row.info.ended_at < before
        ]
        for run_id in old:
            del self._rows[run_id]
        return len(old)

    async def stranded(self) -> list[RunInfo]:
        running = await self.find(states={RunState.RUNNING}, limit=len(self._rows))
        return [info for info in running if info.version != self._version]

    def _row(self, run_id: str) -> _Row:
        if run_id not in self._rows:
            raise UnknownRunError(f"there is no run {run_id}")
        return self._rows[run_id]

    async def _feed(self) -> None:
        while True:
            self._changed.clear()
            now = time.time()
            waiting = [row for row in self._rows.values() if row.info.state is RunState.WAITING]
            for row in waiting:
                if row.start_by < now:
                    words = "nobody started it in time"
                    await self.cancel(row.info.id, Cancellation("opsbook", words, expired=True))
                elif self._has_room(row.info):
                    self._begin(row)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._changed.wait()

    def _has_room(self, info: RunInfo) -> bool:
        queue = self._queues.get(info.queue)
        if queue is None:
            return False
        running = [
            row.info.partition
            for row in self._rows.values()
            if row.info.queue == info.queue and row.info.state is RunState.RUNNING
        ]
        if queue.partitioned and info.partition in running:
            return False
        return queue.at_once is None or len(running) < queue.at_once

    def _begin(self, row: _Row) -> None:
        started = row.info.started_at or time.time()
        _update(row, state=RunState.RUNNING, version=self._version, started_at=started)
        run = CarriedRun(row.info.id, row.info.round, _Checkpoints(row), self._gate)
        if row.info.cancellation is not None:
            run.stop(row.info.cancellation)
        self._lives[row.info.id] = (asyncio.create_task(self._live(row, run)), run)

    async def _live(self, row: _Row, run: CarriedRun) -> None:
        try:
            function = self.functions.get(row.info.function)
            if function is None:
                raise ChangedRunError(f"there is no function {row.info.function!r}")
            _update(row, result=plain(await function(run, row.info.input)))
            _end(row, RunState.SUCCEEDED)
        except RunCancelledError as error:
            _update(row, stopped_at=error.step, cancellation=error.cancellation)
            _end(row, RunState.CANCELLED)
        except Exception as error:
            step = error.step if isinstance(error, StepFailedError) else None
            _update(row, stopped_at=step, error=str(error) or type(error).__name__)
            _end(row, RunState.FAILED)
        finally:
            del self._lives[row.info.id]
            self._changed.set()


def _submitted(submission: Submission) -> RunInfo:
    return RunInfo(
        id=submission.id,
        state=RunState.WAITING,
        function=submission.function,
        queue=submission.queue,
        partition=submission.partition,
        input=plain(submission.input),
        result=None,
        error=None,
        stopped_at=None,
        cancellation=None,
        round=0,
        version=None,
        submitted_at=time.time(),
        started_at=None,
        ended_at=None,
    )


def _update(row: _Row, **changes: Any) -> None:
    row.info = replace(row.info, **changes)
    row.changed.set()


def _end(row: _Row, state: RunState) -> None:
    _update(row, state=state, ended_at=time.time())


def _step(recorded: _Recorded) -> StepInfo:
    return step_info(recorded.name, recorded.value, recorded.started_at, recorded.ended_at)
