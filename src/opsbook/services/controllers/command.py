"""`command`: programs of the platform's own start, stop and show the service."""

import asyncio
import contextlib
import json
import logging
import os
import signal
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, PrivateAttr, model_validator

from opsbook.book.fields import BookPath, Duration, TextOrSecret
from opsbook.core.procfs import ProcessIdentity, identify
from opsbook.services.controller import Controller, ControllerError
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.output import Output
from opsbook.services.pidfd import process_end, send_signal
from opsbook.services.programs import Programs, ScaleWords, Words

logger = logging.getLogger(__name__)

_LOOK_AT_PID_FILE = 0.02
_FORCE_WITHIN = 10.0
_LONGEST_PID_FILE = 64


class Command(Controller):
    """Runs declared commands; an exit code other than 0 is a failure and its words are kept."""

    scales_by: ClassVar[str] = "its own `scale` and `replicas`"

    start_command: Words = Field(alias="start")
    """Starts the service and ends."""
    stop_command: Words = Field(alias="stop")
    """Stops the service and ends."""
    status_command: Words | None = Field(default=None, alias="status")
    """Ends with 0 if the service runs, with anything else if not."""
    reload_command: Words | None = Field(default=None, alias="reload")
    """Has the service read its configuration again, and ends."""
    scale_command: ScaleWords | None = Field(default=None, alias="scale")
    """Changes how many replicas there are; `{replicas}` in an argument is their number."""
    replicas_command: Words | None = Field(default=None, alias="replicas")
    """Prints how many replicas there are, and nothing else."""
    pid_file: BookPath | None = None
    """Where the service writes its process number: its death is then seen at once."""
    directory: BookPath = Field(default=Path(), validate_default=True)
    """Working directory of the commands; the book's own unless said otherwise."""
    environment: dict[str, TextOrSecret] = {}
    """Variables to set for the commands."""
    within: Duration = 60.0
    """How long each command may take, and the service to come up or end after it."""
    poll_every: Duration = Field(default=2.0, gt=0)
    """How often the status is asked where there is no `pid_file`."""

    _starting: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @model_validator(mode="after")
    def _shows_whether_it_runs(self) -> Self:
        if self.pid_file is None and self.status_command is None:
            raise ValueError("give `pid_file` or `status`, or nobody can tell whether it runs")
        return self

    @model_validator(mode="after")
    def _counts_what_it_scales(self) -> Self:
        if (self.scale_command is None) != (self.replicas_command is None):
            raise ValueError("`scale` and `replicas` go together; give both or none")
        return self

    @property
    def subject(self) -> str:
        return str(self.pid_file or self.start_command[0])

    @property
    def can_scale(self) -> bool:
        return self.scale_command is not None

    @cached_property
    def output(self) -> Output:
        """Where the commands, and what they leave running, write to."""
        return Output(self.home.logs / f"{self.home.service}.log")

    @cached_property
    def programs(self) -> Programs:
        return Programs(self.directory, self.environment, self.output, self.within)

    async def running(self) -> Instance | None:
        if self.pid_file is not None:
            process = self._process(self.pid_file)
            return Instance(f"pid {process.pid}", process) if process else None
        assert self.status_command is not None
        code, _ = await self.programs.run(self.status_command, None)
        return Instance(self.home.service, None) if code == 0 else None

    async def start(self) -> Instance:
        async with self._starting:
            found = await self.running()
            if found:
                return found
            await self.programs.must(self.start_command)
            return await self._come_up()

    async def reload(self) -> None:
        if self.reload_command is None:
            raise ControllerError(f"{self.subject}: say with `reload` how it is reloaded")
        await self.programs.must(self.reload_command)

    async def scale(self, replicas: int) -> None:
        if self.scale_command is None:
            await super().scale(replicas)
        else:
            await self.programs.scale(self.scale_command, replicas)

    async def replicas(self) -> int | None:
        words = self.replicas_command
        return None if words is None else await self.programs.count(words)

    async def _come_up(self) -> Instance:
        pause = _LOOK_AT_PID_FILE if self.pid_file else min(self.poll_every, 0.25)
        try:
            async with asyncio.timeout(self.within):
                while not (found := await self.running()):  # noqa: ASYNC110 - no event
                    await asyncio.sleep(pause)
                return found
        except TimeoutError:
            missing = f"{self.pid_file} names no process" if self.pid_file else "its status fails"
            said = f"{self.start_command[0]} ended well, but after {self.within:g} s {missing}"
            raise ControllerError(said) from None

    async def stop(self) -> None:
        instance = await self.running()
        if instance is None:
            return
        await self.programs.must(self.stop_command)
        try:
            async with asyncio.timeout(self.within):
                await self.death(instance)
        except TimeoutError:
            await self._force(instance)

    async def death(self, instance: Instance) -> Death:
        rotation = asyncio.create_task(self.output.keep_small())
        try:
            if instance.process is not None:
                return Death(how_it_ended(await process_end(instance.process)))
            while await self._still_runs():  # noqa: ASYNC110 - no process, no event
                await asyncio.sleep(self.poll_every)
            return Death("its status command says that it does not run")
        finally:
            rotation.cancel()

    async def _still_runs(self) -> bool:
        """A status that cannot be asked says nothing, least of all that the service died."""
        try:
            return await self.running() is not None
        except ControllerError as error:
            logger.warning("%s: %s", self.home.service, error)
            return True

    async def _force(self, instance: Instance) -> None:
        with contextlib.suppress(TimeoutError):
            if instance.process is not None:
                send_signal(instance.process, signal.SIGKILL)
                async with asyncio.timeout(_FORCE_WITHIN):
                    await process_end(instance.process)
                    return
        raise ControllerError(f"{self.subject} still runs {self.within:g} s after its stop command")

    def _process(self, pid_file: Path) -> ProcessIdentity | None:
        try:
            with pid_file.open("rb") as file:
                written = os.fstat(file.fileno()).st_mtime_ns
                process = identify(int(file.read(_LONGEST_PID_FILE).split()[0]))
        except (OSError, ValueError, IndexError):
            return None
        if process is None or not process.alive() or self._is_stranger(process, written):
            return None
        return process

    def _is_stranger(self, process: ProcessIdentity, written: int) -> bool:
        """Whether the number in the file has gone to somebody else since it was written.

        A file that has not been written again means the process that was seen then; after a
        crash or a reboot its number soon belongs to another.
        """
        record = self.home.records / f"{self.home.service}.pid.json"
        seen = [written, process.pid, process.start_ticks, process.boot_id]
        with contextlib.suppress(OSError, ValueError, TypeError):
            before = json.loads(record.read_text(encoding="utf-8"))
            if before == seen:
                return False
            if before[:1] == [written]:
                return True
        fresh = record.with_suffix(".new")
        try:
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(seen), encoding="utf-8")
            fresh.replace(record)
        except OSError as error:
            logger.warning("cannot write %s: %s", record, error.strerror)
        return False
