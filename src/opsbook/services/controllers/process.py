"""`process`: Opsbook itself runs the program and keeps its output."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from opsbook.book.fields import BookPath, Duration, Size, TextOrSecret
from opsbook.core.procfs import ProcessIdentity, all_pids, boot_id, environment, identify
from opsbook.services.controller import Controller, ControllerError, ReloadSignal
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.output import Output
from opsbook.services.pidfd import process_end, send_signal
from opsbook.services.programs import Programs, ScaleWords, Words
from opsbook.services.spawn import spawn

logger = logging.getLogger(__name__)

_MARK = "OPSBOOK_SERVICE"
"""In the environment of every process started here: how a later life finds it, even when
this one dies between starting it and writing that down."""

_LEFTOVER_GRACE = 1.0
"""How long what a dead leader left behind may take to end before it is killed."""
_FORCE_WITHIN = 10.0
"""A process that SIGKILL has not ended by then waits in the kernel, perhaps for ever."""


class Process(Controller):
    """Runs a program as a process group of its own, with its output in a log file."""

    scales_by: ClassVar[str] = "its own `scale` and `replicas`"

    command: Words
    """The program and its arguments. No shell reads them."""
    directory: BookPath = Field(default=Path(), validate_default=True)
    """Working directory; the book's own unless said otherwise."""
    environment: dict[str, TextOrSecret] = {}
    """Variables to set; a value may be a secret reference."""
    inherit: bool = True
    """Whether it also gets the environment of Opsbook."""
    stop_signal: Literal["TERM", "INT", "QUIT", "HUP"] = "TERM"
    """The signal that asks the program to end."""
    stop_grace: Duration = 10.0
    """How long it may take before the whole group is killed."""
    reload_signal: ReloadSignal | None = None
    """The signal on which the program reads its configuration again. One that does not handle
    it ends by it."""
    reload_command: Words | None = Field(default=None, alias="reload")
    """Or the program that makes it do so, and ends."""
    scale_command: ScaleWords | None = Field(default=None, alias="scale")
    """Changes how many workers it has; `{replicas}` in an argument is their number."""
    replicas_command: Words | None = Field(default=None, alias="replicas")
    """Prints how many workers it has, and nothing else."""
    within: Duration = 60.0
    """How long each of these programs may take."""
    log_size: Size = 16 * 1024 * 1024
    """The log is set aside when it grows beyond this."""
    log_generations: int = Field(default=3, ge=1, le=100)
    """How many logs set aside are kept."""

    _spawning: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @model_validator(mode="after")
    def _is_reloaded_one_way(self) -> Self:
        if self.reload_signal is not None and self.reload_command is not None:
            raise ValueError("`reload_signal` and `reload` are two ways: give one")
        return self

    @model_validator(mode="after")
    def _counts_what_it_scales(self) -> Self:
        if (self.scale_command is None) != (self.replicas_command is None):
            raise ValueError("`scale` and `replicas` go together; give both or none")
        return self

    @property
    def subject(self) -> str:
        return self.command[0]

    @property
    def can_scale(self) -> bool:
        return self.scale_command is not None

    @cached_property
    def output(self) -> Output:
        """Where the output of the program goes."""
        path = self.home.logs / f"{self.home.service}.log"
        return Output(path, self.log_size, self.log_generations)

    @cached_property
    def programs(self) -> Programs:
        return Programs(self.directory, self.environment, self.output, self.within)

    async def running(self) -> Instance | None:
        leader, _ = await asyncio.to_thread(self._find)
        return _instance(leader) if leader else None

    async def start(self) -> Instance:
        leader, left = await asyncio.to_thread(self._find)
        if leader is None:
            if left:
                # They may hold its port, or work on its data beside it.
                await self._end(lambda: self._find()[1], _LEFTOVER_GRACE)
            leader = await asyncio.to_thread(self._spawn)
        return _instance(leader)

    async def stop(self) -> None:
        leader, left = await asyncio.to_thread(self._find)
        if leader is not None:
            await self._end(lambda: _leader_then_group(leader), self.stop_grace)
            await process_end(leader)
        elif left:
            await self._end(lambda: self._find()[1], self.stop_grace)

    async def reload(self) -> None:
        if self.reload_command is not None:
            await self.programs.must(self.reload_command)
        elif self.reload_signal is not None:
            leader, _ = await asyncio.to_thread(self._find)
            if leader is None:
                raise ControllerError(f"{self.subject} does not run")
            send_signal(leader, signal.Signals[f"SIG{self.reload_signal}"])
        else:
            how = "with `reload_signal` or `reload` how it is reloaded"
            raise ControllerError(f"{self.subject}: say {how}")

    async def scale(self, replicas: int) -> None:
        if self.scale_command is None:
            await super().scale(replicas)
        else:
            await self.programs.scale(self.scale_command, replicas)

    async def replicas(self) -> int | None:
        words = self.replicas_command
        return None if words is None else await self.programs.count(words)

    async def death(self, instance: Instance) -> Death:
        if instance.process is None:
            raise ValueError(f"{instance.name} is no process")
        rotation = asyncio.create_task(self.output.keep_small())
        try:
            return Death(how_it_ended(await process_end(instance.process)))
        finally:
            rotation.cancel()

    async def _end(self, find: Callable[[], list[ProcessIdentity]], grace: float) -> None:
        """Ask what is found to end until nothing more is; after the grace, by force."""
        asking = signal.Signals[f"SIG{self.stop_signal}"]
        for number, within in ((asking, grace), (signal.SIGKILL, _FORCE_WITHIN)):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await _signal_until_gone(find, number)
                    return
        raise ControllerError(f"{self.subject} has not ended {_FORCE_WITHIN:g} s after SIGKILL")

    def _spawn(self) -> ProcessIdentity:
        # A start that was cancelled leaves its thread at work, and the next one comes.
        with self._spawning:
            recorded = self._recorded()
            if recorded is not None and recorded.alive():
                return recorded
            marked = {**self.environment, _MARK: self._mark}
            output = self.output.open()
            try:
                # A record is of the latest process, or it is not there.
                self._record_file.unlink(missing_ok=True)
                process = spawn(self.command, self.directory, marked, output, inherit=self.inherit)
            except OSError as error:
                raise ControllerError(f"cannot remove {error.filename}: {error.strerror}") from None
            finally:
                os.close(output)
            self._record(process)
            return process

    def _find(self) -> tuple[ProcessIdentity | None, list[ProcessIdentity]]:
        """The leader; or, without one, what it left behind when it died.

        All processes are looked through only where there is no record of the latest start,
        or where its group has outlived it. A program may overwrite its own environment, and
        we may die before the record is written; it takes both to miss one.
        """
        recorded = self._recorded()
        if recorded is not None:
            if recorded.alive():
                return recorded, []
            if recorded.boot_id != boot_id() or not _group_exists(recorded.pid):
                return None, []
            return None, [p for p in self._marked() if _id(os.getpgid, p.pid) == recorded.pid]
        marked = self._marked()
        # What the program started may lead groups of its own, but it came later.
        leaders = [process for process in marked if _id(os.getpgid, process.pid) == process.pid]
        if not leaders:
            return None, marked
        leader = min(leaders, key=lambda process: process.start_ticks)
        self._record(leader)
        return leader, []

    def _marked(self) -> list[ProcessIdentity]:
        # Sessions are what we start; kernel threads, most of the processes, are in none.
        carrying = (
            pid
            for pid in all_pids()
            if _id(os.getsid, pid) and environment(pid).get(_MARK) == self._mark
        )
        return [found for pid in carrying if (found := identify(pid)) and found.alive()]

    @property
    def _mark(self) -> str:
        return f"{self.home.platform}/{self.home.service}@{self.home.records}"

    @property
    def _record_file(self) -> Path:
        return self.home.records / f"{self.home.service}.json"

    def _recorded(self) -> ProcessIdentity | None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return ProcessIdentity(*json.loads(self._record_file.read_text(encoding="utf-8")))
        return None

    def _record(self, process: ProcessIdentity) -> None:
        # A record cut short by a crash is none, and the mark finds the process as well; to
        # replace it in one step would make the disk flush it, a few milliseconds of a restart.
        identity = [process.pid, process.start_ticks, process.boot_id]
        try:
            self._record_file.touch(mode=0o600)
            self._record_file.write_text(json.dumps(identity), encoding="utf-8")
        except OSError as error:
            # A full disk must not stop a restart.
            logger.warning("cannot write %s: %s", self._record_file, error.strerror)


def _instance(process: ProcessIdentity) -> Instance:
    return Instance(f"pid {process.pid}", process)


async def _signal_until_gone(
    find: Callable[[], list[ProcessIdentity]], number: signal.Signals
) -> None:
    while alive := await asyncio.to_thread(find):
        for process in alive:
            send_signal(process, number)
            # A stopped process would keep the signal pending until somebody continues it.
            send_signal(process, signal.SIGCONT)
        await asyncio.gather(*(process_end(process) for process in alive))


def _leader_then_group(leader: ProcessIdentity) -> list[ProcessIdentity]:
    """The leader alone while it lives, for its children are its own to end in order."""
    if leader.alive():
        return [leader]
    members = (identify(pid) for pid in all_pids() if _id(os.getpgid, pid) == leader.pid)
    return [member for member in members if member is not None and member.alive()]


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _id(ask: Callable[[int], int], pid: int) -> int | None:
    """The group or session of a process, or None for the departed."""
    try:
        return ask(pid)
    except OSError:
        return None
