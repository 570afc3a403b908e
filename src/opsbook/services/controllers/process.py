"""`process`: Opsbook itself runs the program and keeps its output."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from opsbook.book.fields import BookPath, Duration, Size, TextOrSecret, revealed
from opsbook.core.procfs import ProcessIdentity, all_pids, environment, identify
from opsbook.services.controller import Controller, ControllerError
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.pidfd import process_end

_MARK = "OPSBOOK_SERVICE"
"""In the environment of every process started here: how a later life finds it, even when
this one dies between starting it and writing that down."""


class Process(Controller):
    """Runs a program as a process group of its own, with its output in a log file."""

    command: Annotated[list[str], Field(min_length=1)]
    """The program and its arguments. No shell reads them."""
    directory: BookPath = Path()
    """Working directory; the book's own unless said otherwise."""
    environment: dict[str, TextOrSecret] = {}
    """Variables to set; a value may be a secret reference."""
    inherit: bool = True
    """Whether it also gets the environment of Opsbook."""
    stop_signal: Literal["TERM", "INT", "QUIT", "HUP"] = "TERM"
    """The signal that asks the program to end."""
    stop_grace: Duration = 10.0
    """How long it may take before the whole group is killed."""
    log_size: Size = 16 * 1024 * 1024
    """The log is set aside when it grows beyond this."""
    log_generations: int = Field(default=3, ge=1, le=100)
    """How many logs set aside are kept."""

    @property
    def subject(self) -> str:
        return self.command[0]

    @property
    def log(self) -> Path:
        """Where the output of the program goes."""
        return self.home.logs / f"{self.home.service}.log"

    async def running(self) -> Instance | None:
        process = await asyncio.to_thread(self._find)
        return _instance(process) if process else None

    async def start(self) -> Instance:
        found = await self.running()
        if found:
            return found
        process = await asyncio.to_thread(self._spawn)
        return _instance(process)

    async def stop(self) -> None:
        process = await asyncio.to_thread(self._find)
        if process is None:
            return
        # Only the leader is asked: its children are its own to end in order.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, getattr(signal, f"SIG{self.stop_signal}"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.stop_grace):
                await process_end(process)
        # Whatever is left of the group, the leader or what it left behind, goes by force.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process_end(process)

    async def death(self, instance: Instance) -> Death:
        if instance.process is None:
            raise ValueError(f"{instance.name} is no process")
        rotation = asyncio.create_task(self._keep_log_small())
        try:
            return Death(how_it_ended(await process_end(instance.process)))
        finally:
            rotation.cancel()

    def _spawn(self) -> ProcessIdentity:
        surroundings = dict(os.environ) if self.inherit else {}
        surroundings |= {name: revealed(value) for name, value in self.environment.items()}
        surroundings[_MARK] = self._mark()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        output = os.open(self.log, flags, mode=0o600)
        try:
            child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                env=surroundings,
                start_new_session=True,
            )
        except OSError as error:
            culprit = error.filename or self.command[0]
            message = f"cannot start {self.command[0]}: {culprit}: {error.strerror}"
            raise ControllerError(message) from None
        finally:
            os.close(output)
        # The pidfd reaps it; without this, subprocess would warn of a forgotten child.
        child.returncode = 0
        process = identify(child.pid)
        if process is None:
            raise ControllerError(f"{self.command[0]} ended before it could be looked at")
        self._record(process)
        return process

    def _record(self, process: ProcessIdentity) -> None:
        record = self.home.records / f"{self.home.service}.json"
        fresh = record.with_suffix(".new")
        fresh.write_text(
            json.dumps([process.pid, process.start_ticks, process.boot_id]), encoding="utf-8"
        )
        fresh.replace(record)

    def _find(self) -> ProcessIdentity | None:
        """The process that runs: the recorded one, or the leader that carries our mark.

        A program may overwrite its own environment, and we may die before the record is
        written; it takes both to miss one.
        """
        record = self.home.records / f"{self.home.service}.json"
        with contextlib.suppress(OSError, ValueError, TypeError):
            process = ProcessIdentity(*json.loads(record.read_text(encoding="utf-8")))
            if process.alive():
                return process
        for pid in all_pids():
            if environment(pid).get(_MARK) == self._mark() and _is_leader(pid):
                found = identify(pid)
                if found is not None and found.alive():
                    self._record(found)
                    return found
        return None

    def _mark(self) -> str:
        return f"{self.home.platform}/{self.home.service}@{self.home.records}"

    async def _keep_log_small(self) -> None:
        """Copy the log aside and empty it: the program keeps its open file."""
        while True:
            await asyncio.sleep(5)
            with contextlib.suppress(OSError):
                if self.log.stat().st_size > self.log_size:
                    await asyncio.to_thread(self._rotate)

    def _rotate(self) -> None:
        generations = [self.log.with_name(f"{self.log.name}.{n}") for n in range(1, 101)]
        for older, newer in zip(
            generations[self.log_generations - 1 : 0 : -1],
            generations[self.log_generations - 2 :: -1],
            strict=False,
        ):
            if newer.exists():
                newer.replace(older)
        copy = generations[0]
        with self.log.open("rb") as source, open(copy, "wb", opener=_private) as target:
            while block := source.read(1024 * 1024):
                target.write(block)
        os.truncate(self.log, 0)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _instance(process: ProcessIdentity) -> Instance:
    return Instance(f"pid {process.pid}", process)


def _is_leader(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except OSError:
        return False
