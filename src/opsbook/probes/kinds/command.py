"""`command`: a program of your own says whether all is well, by its exit code and its words."""

import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated, ClassVar

from pydantic import Field

from opsbook.book.fields import BookPath, TextOrSecret, revealed
from opsbook.core.secrets import inherited_environment
from opsbook.probes.explain import explain
from opsbook.probes.extract import Extraction
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError

_MOST_OUTPUT = 64 * 1024
_LAST_WORDS = 2_000
"""Bytes kept of the end of what it says; the message shows the last line of them."""
_AFTER_THE_END = 0.2
"""Seconds to wait for the rest of the output: what it left running may keep the pipe open."""
_TO_DIE = 1.0
"""Seconds that SIGKILL may take: a process that hangs in the kernel does not die, and must not
hold up the look."""


class Command(Probe):
    """Runs a program without a shell: its exit code judges, its output can be measured."""

    argv: Annotated[list[str], Field(min_length=1)]
    """The program and its arguments. No shell reads them: no pipes, no `$HOME`, no `*`."""
    directory: BookPath = Field(default=Path(), validate_default=True)
    """Working directory; the book's own unless said otherwise."""
    environment: dict[str, TextOrSecret] = {}
    """Variables to set beside those of Opsbook; a value may be a secret reference."""
    exit_codes: Annotated[list[int], Field(min_length=1)] = [0]
    """The exit codes that are no failure. Conditions on `exit_code` can tell them apart:
    `at_most: {warning: 0}` makes those above 0 degraded."""
    extract: Extraction = Extraction()
    """Values to take out of the first 64 KiB of its output."""

    measures: ClassVar[Mapping[str, str]] = {
        "exit_code": "what it ended with; below 0 the number of the signal that killed it",
        "duration_seconds": "time from its start to its end",
        "output_bytes": "how much it wrote to standard output",
    }

    @property
    def subject(self) -> str:
        return shlex.join(self.argv)[:200]

    def measured(self) -> Mapping[str, str]:
        return {**self.measures, **self.extract.extracted()}

    async def look(self) -> Measurements:
        started = time.perf_counter()
        run = _Run(self._start())
        try:
            await run.end()
            measured: Measurements = {"duration_seconds": time.perf_counter() - started}
            await run.last_words()
        finally:
            code = await run.free()
        measured |= {"exit_code": code, "output_bytes": run.output.size}
        measured |= self.extract.extract(bytes(run.output.head))
        if code not in self.exit_codes:
            said = run.errors.last_line() or run.output.last_line() or "it said nothing"
            raise ProbeFailedError(f"{self.subject} {_how_it_ended(code)}: {said}", measured)
        return measured

    def _start(self) -> subprocess.Popen[bytes]:
        surroundings = inherited_environment()
        surroundings |= {name: revealed(value) for name, value in self.environment.items()}
        try:
            return subprocess.Popen(
                self.argv,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.directory,
                env=surroundings,
                start_new_session=True,
            )
        except OSError as error:
            culprit = error.filename or self.argv[0]
            message = f"cannot run {self.subject}: {culprit}: {explain(error)}"
            raise ProbeUnknownError(f"{message}; install it or correct the check") from None


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    return f"was killed by signal {-code} ({signal.strsignal(-code)})"


class _Run:
    """A program under way, in a process group of its own."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self._loop = asyncio.get_running_loop()
        self._descriptor = os.pidfd_open(child.pid)
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._descriptor, self._see_end)
        self.output = _Stream(child.stdout)
        self.errors = _Stream(child.stderr)

    async def end(self) -> None:
        """Wait until the program itself has ended, whatever it left running."""
        # Awaiting the future itself would cancel it, and `free` has to wait for it too.
        await asyncio.wait([self._ended])

    async def last_words(self) -> None:
        """Wait a little for output that is still in the pipes."""
        await asyncio.wait([self.output.ended, self.errors.ended], timeout=_AFTER_THE_END)

    async def free(self) -> int:
        """Kill what is left of the group, close everything; the exit code.

        The program is not reaped before, so its number is no other group's.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        try:
            await asyncio.wait([self._ended], timeout=_TO_DIE)
        finally:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self.output.close()
            self.errors.close()
            code = self._child.poll()
        return -signal.SIGKILL if code is None else code

    def _see_end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


class _Stream:
    """The beginning and the end of what a program writes, however much it is."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.size = 0
        self.head = bytearray()
        self._tail = b""
        self._pipe = pipe
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(pipe.fileno(), False)
        self._loop.add_reader(pipe.fileno(), self._read)

    def last_line(self) -> str:
        lines = self._tail.decode("utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        if not self._pipe.closed:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
        if not self.ended.done():
            self.ended.set_result(None)

    def _read(self) -> None:
        try:
            block = os.read(self._pipe.fileno(), 65_536)
        except BlockingIOError:
            return
        if not block:
            self.close()
            return
        self.size += len(block)
        self.head += block[: _MOST_OUTPUT - len(self.head)]
        self._tail = (self._tail + block)[-_LAST_WORDS:]
