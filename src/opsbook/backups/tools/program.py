"""One child program at the end of a pipe: its content, its exit status and its words judged."""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import BLOCK, go_on
from opsbook.core.secrets import inherited_environment, mask

_LOOK_SECONDS = 0.2
"""How long a silent pipe is waited for before looking whether to go on."""
_PAUSE_SECONDS = 0.01
_SMALL = BLOCK // 4
_BREATH = 0.002
"""Seconds in which a program gets ahead that was read empty. Reading every few kilobytes wakes
both sides for little: it cost a twelfth of the time of a gigabyte's dump on two cores."""
_LONGEST_WORDS = 8192
"""Bytes kept of the end of what a program says on its standard error."""
_LONGEST_ANSWER = 1024 * 1024
_SECONDS_FOR_WORDS = 2.0


class Program:
    """Runs once. Whatever ends it early ends everything that it started."""

    def __init__(
        self,
        argv: Sequence[str],
        subject: str,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        user: int | None = None,
    ) -> None:
        self._argv = list(argv)
        self._subject = subject
        self._environment = environment or {}
        self._directory = directory
        self._user = user
        self._words = bytearray()

    @property
    def words(self) -> str:
        """The end of what it said on its standard error, without secrets."""
        return mask(self._words.decode(errors="replace")).strip()

    def reading(self, work: Work) -> Iterator[bytes]:
        """Its output. Raises SourceError unless it ends well."""
        with self._running(subprocess.DEVNULL, subprocess.PIPE) as process:
            assert process.stdout is not None
            yield from self._blocks(process.stdout, work)
            self._judge(process, work)

    def fed(self, content: Iterable[bytes], work: Work) -> None:
        """Give it `content` as its input. Raises SourceError unless it ends well."""
        with self._running(subprocess.PIPE, subprocess.DEVNULL) as process:
            assert process.stdin is not None
            whole = self._write(process.stdin, content, work)
            with contextlib.suppress(OSError):
                process.stdin.close()
            self._judge(process, work)
            if not whole:
                raise SourceError(f"{self._subject}: {self._name} ended before it had read all")

    def run(self, work: Work) -> str:
        """Its output as text, of which there is little. Raises SourceError unless it ends well."""
        answer = bytearray()
        for block in self.reading(work):
            answer += block[: max(0, _LONGEST_ANSWER - len(answer))]
        return answer.decode(errors="replace")

    @property
    def _name(self) -> str:
        return Path(self._argv[0]).name

    @contextmanager
    def _running(self, stdin: int, stdout: int) -> Iterator[subprocess.Popen[bytes]]:
        process = self._start(stdin, stdout)
        listener = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
        listener.start()
        try:
            yield process
        finally:
            if process.returncode is None:
                _end(process)
            listener.join(_SECONDS_FOR_WORDS)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _start(self, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                self._argv,
                cwd=self._directory,
                env={**inherited_environment(), **self._environment},
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        except OSError as error:
            raise SourceError(
                f"{self._subject}: cannot run {self._argv[0]}: {error.strerror or error}"
            ) from None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # Fewer turns; the kernel refuses where a user has too many such pipes.
                with contextlib.suppress(OSError):
                    fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, BLOCK)
        return process

    def _listen(self, stderr: IO[bytes]) -> None:
        with stderr:
            while block := stderr.read(4096):
                self._words += block
                del self._words[:-_LONGEST_WORDS]

    def _blocks(self, stdout: IO[bytes], work: Work) -> Iterator[bytes]:
        poll = select.poll()
        poll.register(stdout.fileno(), select.POLLIN)
        while True:
            go_on(work, self._subject)
            if not poll.poll(_LOOK_SECONDS * 1000):
                continue
            if not (block := os.read(stdout.fileno(), BLOCK)):
                return
            yield block
            if len(block) < _SMALL:
                time.sleep(_BREATH)

    def _write(self, stdin: IO[bytes], content: Iterable[bytes], work: Work) -> bool:
        """Whether the program took all of it."""
        os.set_blocking(stdin.fileno(), False)
        poll = select.poll()
        poll.register(stdin.fileno(), select.POLLOUT)
        for block in content:
            view = memoryview(block)
            while view:
                go_on(work, self._subject)
                if not poll.poll(_LOOK_SECONDS * 1000):
                    continue
                try:
                    view = view[os.write(stdin.fileno(), view) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    return False
        return True

    def _judge(self, process: subprocess.Popen[bytes], work: Work) -> None:
        while not _has_ended(process):
            go_on(work, self._subject)
            time.sleep(_PAUSE_SECONDS)
        code = _end(process)
        if code == 0:
            return
        self._hear_out()
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
        raise SourceError(f"{self._subject}: {self._name} {ended}: {self.words or 'no word'}")

    def _hear_out(self) -> None:
        """The last words come a moment after the end."""
        deadline, heard = time.monotonic() + _LOOK_SECONDS, -1
        while heard != len(self._words) and time.monotonic() < deadline:
            heard = len(self._words)
            time.sleep(_LOOK_SECONDS / 10)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Asked without taking its status: until then its number cannot be another's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _end(process: subprocess.Popen[bytes]) -> int:
    """End it with all that it left running, for the group is its own; how it had ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
