"""A throwaway place for a server of our own: a private directory that can be found again.

Its name says whose it is, so that nothing has to be written down before it is made; whatever
works in it has its working directory there, so that nothing has to be written down after.
"""

import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import go_on
from opsbook.backups.tools.maker import WHOSE, is_dead, whose
from opsbook.core.procfs import all_pids
from opsbook.core.secrets import inherited_environment

_PREFIX = "opsbook-rehearsal"
_NAME = re.compile(rf"{_PREFIX}-[a-z]+-{WHOSE}-\w+")
_LOOK_SECONDS = 0.02
_SECONDS_TO_STOP = 5.0
_LONGEST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Throwaway:
    """A private directory, and who its server runs as."""

    path: Path
    account: int | None
    """None: the user that we are."""

    @contextmanager
    def serving(
        self, argv: Sequence[str], ready: Callable[[], bool], work: Work, subject: str
    ) -> Iterator[None]:
        """Run a server until the block ends. Raises SourceError if it does not come up."""
        output = self.path / "output"
        with output.open("wb") as words:
            process = subprocess.Popen(
                list(argv),
                cwd=self.path,
                env=inherited_environment(),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.account,
                group=self.account,
                extra_groups=None if self.account is None else [],
            )
        try:
            while not ready():
                go_on(work, subject)
                if process.poll() is not None:
                    said = output.read_text(errors="replace")[-_LONGEST_WORDS:].strip()
                    raise SourceError(f"{subject}: {Path(argv[0]).name} did not start: {said}")
                time.sleep(_LOOK_SECONDS)
            yield
        finally:
            _end(process)


@contextmanager
def throwaway(kind: str, parent: Path | None, *, not_root: bool = False) -> Iterator[Throwaway]:
    """A new private directory, gone with all that works in it when the block ends.

    `not_root`: for a server that refuses to run as root. Raises SourceError.
    """
    account = _account() if not_root and os.geteuid() == 0 else None
    path = _where(parent) / _name(kind)
    try:
        path.mkdir(mode=0o700)
        if account is not None:
            os.chown(path, account, -1)
    except OSError as error:
        raise SourceError(f"cannot make {path} for a rehearsal: {error.strerror}") from None
    try:
        yield Throwaway(path, account)
    finally:
        clear(path)


def sweep_throwaways(kind: str, parent: Path | None) -> list[str]:
    """Remove the places whose makers are dead, with the servers that still run in them."""
    swept = []
    for path in sorted(_where(parent).glob(f"{_PREFIX}-{kind}-*")):
        if _abandoned(path):
            clear(path)
            swept.append(str(path))
    return swept


def _where(parent: Path | None) -> Path:
    return parent or Path(tempfile.gettempdir())


def _name(kind: str) -> str:
    return f"{_PREFIX}-{kind}-{whose()}-{secrets.token_hex(4)}"


def _abandoned(path: Path) -> bool:
    found = _NAME.fullmatch(path.name)
    return found is not None and _is_ours(path) and is_dead(found)


def _is_ours(path: Path) -> bool:
    """In a directory that all may write to, anybody can make one of such a name."""
    try:
        status = path.lstat()
    except OSError:
        return False
    owners = {os.geteuid(), _account()} if os.geteuid() == 0 else {os.geteuid()}
    return stat.S_ISDIR(status.st_mode) and status.st_uid in owners


def clear(path: Path) -> None:
    """End what works in a directory, and remove it with all of it.

    Raises SourceError where something is left.
    """
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while inside := _working_in(path):
        late = time.monotonic() > deadline
        for pid in inside:
            # PostgreSQL frees its shared memory on SIGQUIT, and nothing on SIGKILL.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGQUIT)
        if late and time.monotonic() > deadline + _SECONDS_TO_STOP:
            raise SourceError(f"{path}: process {inside[0]} works there and cannot be ended")
        time.sleep(_LOOK_SECONDS)
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"cannot remove {path}: {error.strerror}") from None


def _working_in(path: Path) -> list[int]:
    found = []
    for pid in all_pids():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cwd").readlink().is_relative_to(path):
                found.append(pid)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _account() -> int:
    """Whom a server runs as that refuses root: its own user where there is one."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise SourceError("root cannot run a PostgreSQL, and there is neither `postgres` nor `nobody`")
