"""The program restic at work on a repository: its words, its failures, its end."""

import contextlib
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Self

from opsbook.backups.destination import DestinationError
from opsbook.book.fields import revealed
from opsbook.core.secrets import Secret, inherited_environment, mask

_LONGEST_ANSWER = 256 * 2**20
"""Bytes; a listing of a hundred thousand snapshots has 40 MB."""
_LONGEST_WORDS = 2000
_INTERRUPTED_WITHIN = 10.0
"""Seconds for it to take its lock back."""
_TO_DO = {
    "wrong password": "give the password of this repository",
    "already locked": "another restic works on it; if none does, `restic unlock` removes the lock",
    "Is there a repository": "make it with `restic init`, or mend its name",
    "no space left": "free some room there, or keep fewer backups",
    "ermission denied": "let the user that runs Opsbook in",
}
_PASSING = ("already locked", "connection", "timeout", "timed out", "temporar", "unexpected EOF")


@dataclass(frozen=True, slots=True)
class Restic:
    """Runs it on one repository."""

    repository: str
    password: Secret
    environment: Mapping[str, str | Secret]
    within: float
    """Seconds for a command that gives no stream, and for a stream to move on."""

    def run(self, *words: str, content: bytes = b"") -> bytes:
        """What it prints. Raises DestinationError."""
        with self.begin(*words, reads=bool(content)) as running:
            if content:
                running.write(content)
            return running.finish()

    def begin(self, *words: str, reads: bool) -> "Running":
        """Start it; `reads` says whether it is given content. Raises DestinationError."""
        argv = ["restic", "--quiet", "--repo", self.repository, *words]
        secrets = {name: revealed(value) for name, value in self.environment.items()}
        secrets["RESTIC_PASSWORD"] = self.password.reveal()
        return Running(self, argv, {**inherited_environment(), **secrets}, reads=reads)


class Running:
    """A restic that runs. Left before its end it is interrupted, and makes no snapshot."""

    def __init__(
        self, restic: Restic, argv: Sequence[str], environment: Mapping[str, str], *, reads: bool
    ) -> None:
        self._restic, self._doing = restic, argv[4]
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._words,
                env=dict(environment),
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._words.close()
            to_do = "install restic" if isinstance(error, FileNotFoundError) else "look why"
            said = f"{restic.repository}: restic cannot be run: {error.strerror}; {to_do}"
            raise DestinationError(said, temporary=False) from None
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()

    def write(self, content: bytes) -> None:
        """Give it content. Raises DestinationError where it does not take it."""
        assert self._process.stdin is not None
        pipe, rest = self._process.stdin.fileno(), memoryview(content)
        while rest:
            self._wait(pipe, writing=True)
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._failure(self._process.wait(self._restic.within)) from None

    def read(self, size: int) -> bytes:
        """Some of what it prints; nothing at its end, which was a good one. Raises
        DestinationError."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        self._wait(pipe, writing=False)
        found = os.read(pipe, size)
        if not found:
            self._must_end_well()
        return found

    def finish(self) -> bytes:
        """Give it no more; what it prints until its end. Raises DestinationError."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        found = bytearray()
        while block := self.read(2**20):
            found += block
            if len(found) > _LONGEST_ANSWER:
                raise DestinationError(f"{self._place} has too long an answer", temporary=False)
        return bytes(found)

    def interrupt(self) -> None:
        """End it before its time, or forget that it has ended; never raises."""
        process = self._process
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if process.poll() is None:
                # Not by an end of its input, which would be a good one, nor by a kill, after
                # which its lock would stay.
                process.send_signal(signal.SIGINT)
                process.wait(_INTERRUPTED_WITHIN)
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, self._words):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    @property
    def _place(self) -> str:
        return f"{self._restic.repository}: restic {self._doing}"

    def _wait(self, pipe: int, *, writing: bool) -> None:
        """Until the pipe is ready. Raises DestinationError at the deadline."""
        want = select.POLLOUT if writing else select.POLLIN
        waiting = select.poll()
        waiting.register(pipe, want)
        if not waiting.poll(self._restic.within * 1000):
            said = f"{self._place} did not move on within {self._restic.within:g} s"
            raise DestinationError(f"{said}; look whether its server answers", temporary=True)

    def _must_end_well(self) -> None:
        try:
            code = self._process.wait(self._restic.within)
        except subprocess.TimeoutExpired:
            raise DestinationError(f"{self._place} does not end", temporary=True) from None
        if code:
            raise self._failure(code)

    def _failure(self, code: int) -> DestinationError:
        self._words.seek(0)
        words = mask(self._words.read(_LONGEST_WORDS).decode(errors="replace"))
        first = next(filter(None, map(str.strip, words.splitlines())), "nothing")
        to_do = next((told for part, told in _TO_DO.items() if part in words), "")
        said = f"{self._place} failed with {code}: {first.removeprefix('Fatal: ')}"
        return DestinationError(
            f"{said}; {to_do}" if to_do else said,
            temporary=any(part in words for part in _PASSING),
        )
