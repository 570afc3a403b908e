"""Commands carried out once each, by id, whatever dies in between."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from opsbook.book.fields import revealed
from opsbook.core.errors import BadInputError
from opsbook.core.pidfd import end_of, send
from opsbook.core.procfs import ProcessIdentity
from opsbook.core.secrets import inherited_environment
from opsbook.durable.jobs import wrapper
from opsbook.durable.jobs.directory import JobDirectory, Standing
from opsbook.durable.jobs.model import Command, Ending, Outcome
from opsbook.durable.jobs.output import JobOutput, Piece
from opsbook.durable.model import check_id
from opsbook.durable.port import UnknownRunError

_SOON = 0.005
_FOLLOW_EVERY = 0.1
_KILL_WITHIN = 5.0


class Jobs:
    """The jobs in one directory. Only one process may carry jobs out in it at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._wrappers: list[subprocess.Popen[bytes]] = []

    async def carry_out(
        self, job_id: str, command: Command, stop: asyncio.Event | None = None
    ) -> Outcome:
        """How the command ended, now or before; it is started if it never was.

        Called again with an id whose command runs, it waits for that one. Cancelled, it leaves
        the command running; `stop` ends it, and all that descends from it.
        """
        job = self._directory(job_id)
        job.make()
        while True:
            match job.standing():
                case Standing.ENDED | Standing.UNKNOWN:
                    self._reap()
                    return job.outcome()
                case Standing.NEVER_STARTED:
                    job.free()
                    try:
                        await self._start(job, command)
                    except (BadInputError, OSError) as error:
                        return Outcome(Ending.NOT_STARTED, error=str(error))
                case Standing.UNDER_WAY:
                    await _until_end(job, stop)
                case Standing.ORPHANED:
                    await _watch_orphan(job, command.within, stop)

    def output(self, job_id: str) -> JobOutput:
        """What it wrote until now. Raises UnknownRunError."""
        return self._known(job_id).output

    async def follow(self, job_id: str, position: int = 0) -> AsyncIterator[Piece]:
        """What it writes, as it comes, until it has ended. Raises UnknownRunError."""
        job = self._known(job_id)
        while True:
            over = job.standing() not in (Standing.UNDER_WAY, Standing.ORPHANED)
            while (piece := job.output.read(position, ended=over)).text:
                yield piece
                position = piece.end
            if over:
                return
            await asyncio.sleep(_FOLLOW_EVERY)

    def prune(self, before: float) -> int:
        """Remove the directories of jobs that ended before that moment; how many."""
        removed = 0
        for path in self._root.iterdir() if self._root.exists() else ():
            job = JobDirectory(path)
            if path.stat().st_mtime < before and job.standing() in (
                Standing.ENDED,
                Standing.UNKNOWN,
                Standing.NEVER_STARTED,
            ):
                job.remove()
                removed += 1
        return removed

    def close(self) -> None:
        """Let go of the wrappers; they go on."""
        self._reap()
        for child in self._wrappers:
            child.returncode = 0
        self._wrappers.clear()

    async def _start(self, job: JobDirectory, command: Command) -> None:
        """Start a wrapper and wait until it, or another, has the command."""
        child = await asyncio.to_thread(_spawn, job.path, command)
        self._wrappers.append(child)
        while child.poll() is None and job.wrapper() is None:  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(_SOON)
        if child.poll() and job.wrapper() is None:
            raise OSError(f"the wrapper of {job.path.name} ended with code {child.returncode}")

    def _reap(self) -> None:
        self._wrappers = [child for child in self._wrappers if child.poll() is None]

    def _directory(self, job_id: str) -> JobDirectory:
        return JobDirectory(self._root / check_id(job_id))

    def _known(self, job_id: str) -> JobDirectory:
        job = self._directory(job_id)
        if not job.path.is_dir():
            raise UnknownRunError(f"there is no job {job_id}")
        return job


def _spawn(directory: Path, command: Command) -> subprocess.Popen[bytes]:
    """Its environment is that of the command: secrets in it are written nowhere."""
    environment = inherited_environment()
    environment |= {name: revealed(value) for name, value in command.environment.items()}
    options = [directory, command.directory, command.within, command.grace, command.keep]
    errors = os.open(directory / "wrapper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", wrapper.__file__, *map(str, options), *command.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(errors)


async def _until_end(job: JobDirectory, stop: asyncio.Event | None) -> None:
    """Until the wrapper wrote how the command ended, or is gone."""
    stopping = asyncio.create_task(_stop(job, stop)) if stop is not None else None
    try:
        while (command := job.command()) is None and job.standing() is Standing.UNDER_WAY:  # noqa: ASYNC110
            await asyncio.sleep(_SOON)
        if command is not None and (process := job.wrapper()) is not None:
            await _first_end(command, process)
        pause = _SOON
        while job.standing() is Standing.UNDER_WAY:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.1)
    finally:
        if stopping is not None:
            await _drop(stopping)


async def _first_end(*processes: ProcessIdentity) -> None:
    ends = [asyncio.create_task(end_of(process)) for process in processes]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _drop(*ends)


async def _drop(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _stop(job: JobDirectory, stop: asyncio.Event) -> None:
    await stop.wait()
    if (process := job.wrapper()) is not None:
        send(process, signal.SIGTERM)


async def _watch_orphan(job: JobDirectory, within: float, stop: asyncio.Event | None) -> None:
    """Until a command without a wrapper has ended; it is killed when it takes too long."""
    command = job.command()
    assert command is not None
    left = (job.path / "started").stat().st_mtime + within - time.time()
    ending = asyncio.create_task(end_of(command))
    asked = asyncio.create_task(stop.wait() if stop is not None else asyncio.Event().wait())
    try:
        await asyncio.wait(
            (ending, asked), timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED
        )
        if not ending.done():
            with contextlib.suppress(OSError):
                # It leads its session and its group, and it lives: the number is its own.
                os.killpg(command.pid, signal.SIGKILL)
            await asyncio.wait((ending,), timeout=_KILL_WITHIN)
    finally:
        await _drop(ending, asked)
