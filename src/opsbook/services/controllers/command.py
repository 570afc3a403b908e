"""`command`: programs of the platform's own start, stop and show the service."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from opsbook.book.fields import BookPath, Duration, TextOrSecret, revealed
from opsbook.core.procfs import ProcessIdentity, identify
from opsbook.core.secrets import mask
from opsbook.services.controller import Controller, ControllerError
from opsbook.services.model import Death, Instance, how_it_ended
from opsbook.services.pidfd import process_end

Words = Annotated[list[str], Field(min_length=1)]

_MOST_OUTPUT = 2_000


class Command(Controller):
    """Runs declared commands; an exit code other than 0 is a failure and its words are kept."""

    start_command: Words = Field(alias="start")
    """Starts the service and ends."""
    stop_command: Words = Field(alias="stop")
    """Stops the service and ends."""
    status_command: Words | None = Field(default=None, alias="status")
    """Ends with 0 if the service runs, with anything else if not."""
    pid_file: BookPath | None = None
    """Where the service writes its process number: its death is then seen at once."""
    directory: BookPath = Path()
    """Working directory of the commands."""
    environment: dict[str, TextOrSecret] = {}
    """Variables to set for the commands."""
    within: Duration = 60.0
    """How long each command may take."""
    poll_every: Duration = 2.0
    """How often the status is asked where there is no `pid_file`."""

    @property
    def subject(self) -> str:
        return str(self.pid_file or self.start_command[0])

    async def running(self) -> Instance | None:
        if self.pid_file is not None:
            process = self._process()
            return Instance(f"pid {process.pid}", process) if process else None
        if self.status_command is None:
            raise ControllerError(f"{self.home.service}: give `pid_file` or `status`")
        code, _ = await self._run(self.status_command)
        return Instance(self.home.service, None) if code == 0 else None

    async def start(self) -> Instance:
        found = await self.running()
        if found:
            return found
        await self._must(self.start_command)
        async with asyncio.timeout(self.within):
            while not (found := await self.running()):  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.02)
        return found

    async def stop(self) -> None:
        instance = await self.running()
        if instance is None:
            return
        await self._must(self.stop_command)
        try:
            async with asyncio.timeout(self.within):
                await self.death(instance)
        except TimeoutError:
            said = f"{self.subject} still runs {self.within:g} s after its stop command"
            raise ControllerError(said) from None

    async def death(self, instance: Instance) -> Death:
        if instance.process is not None:
            return Death(how_it_ended(await process_end(instance.process)))
        while await self.running():  # noqa: ASYNC110 - without a process there is no event
            await asyncio.sleep(self.poll_every)
        return Death("its status command says that it does not run")

    def _process(self) -> ProcessIdentity | None:
        if self.pid_file is None:
            return None
        with contextlib.suppress(OSError, ValueError):
            process = identify(int(self.pid_file.read_text(encoding="ascii").split()[0]))
            return process if process and process.alive() else None
        return None

    async def _must(self, words: list[str]) -> None:
        code, said = await self._run(words)
        if code != 0:
            raise ControllerError(f"{words[0]} {how_it_ended(code)}: {mask(said) or 'no output'}")

    async def _run(self, words: list[str]) -> tuple[int, str]:
        """Exit code and last words of a command."""
        surroundings = dict(os.environ)
        surroundings |= {name: revealed(value) for name, value in self.environment.items()}
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=self.directory,
                env=surroundings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ControllerError(f"cannot run {words[0]}: {error.strerror}") from None
        return await _collect(process, self.within, words[0])


async def _collect(
    process: asyncio.subprocess.Process, within: float, name: str
) -> tuple[int, str]:
    """Wait for the command itself, not for what it left running with the same output."""
    assert process.stdout is not None
    kept = bytearray()

    async def read() -> None:
        while block := await process.stdout.read(65_536):  # type: ignore[union-attr]
            kept.extend(block)
            del kept[:-_MOST_OUTPUT]

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(within):
            code = await process.wait()
            await asyncio.wait([reading], timeout=0.2)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise ControllerError(f"{name} took longer than {within:g} s and was killed") from None
    finally:
        reading.cancel()
    return code, kept.decode("utf-8", errors="replace").strip()
