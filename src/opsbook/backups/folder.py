"""The directory of a platform's backups: it is known by a file of its own, and nothing in it is
reached through a symbolic link."""

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsbook.backups.destination import DestinationError
from opsbook.core.errors import OpsbookError

OWN = ".opsbook-"
"""What our own files in it begin with; objects never do."""
_MARKER = f"{OWN}backups.json"
_LONGEST_MARKER = 4096
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""What is there already is never written over, wherever it would lead."""
_TO_DO = {
    errno.ENOSPC: "free some room there, or keep fewer backups",
    errno.EDQUOT: "raise the quota, or keep fewer backups",
    errno.EACCES: "let the user that runs Opsbook write there",
    errno.EPERM: "let the user that runs Opsbook write there",
    errno.EROFS: "mount it for writing",
    errno.ELOOP: "it is a symbolic link; name the directory itself",
    errno.ENOTDIR: "it is no directory, or a symbolic link; name the directory itself",
    errno.EIO: "look at the disk",
}
_PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EINTR, errno.EAGAIN}


class _NoFolderError(OpsbookError):
    """There is none yet, or it is empty."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Opens the directory, and folders in it."""

    path: Path
    platform: str

    @contextmanager
    def made(self) -> Iterator[int]:
        """A descriptor of it; made and marked where it is new. Raises DestinationError."""
        try:
            fd = self._opened()
        except _NoFolderError:
            with self.failing("make"):
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._mark()
            fd = self._opened()
        with closing(fd):
            yield fd

    @contextmanager
    def found(self) -> Iterator[int | None]:
        """A descriptor of it; None while nothing was kept in it. Raises DestinationError."""
        try:
            fd = self._opened()
        except _NoFolderError:
            yield None
            return
        with closing(fd):
            yield fd

    @contextmanager
    def failing(self, doing: str, name: str = "") -> Iterator[None]:
        """Tell a failure of the system for people. Raises DestinationError."""
        try:
            yield
        except OSError as error:
            place = self.path / name if name else self.path
            said = f"cannot {doing} {place}: {os.strerror(error.errno or 0)}"
            to_do = _TO_DO.get(error.errno or 0)
            raise DestinationError(
                f"{said}; {to_do}" if to_do else said, temporary=error.errno in _PASSING
            ) from None

    def _opened(self) -> int:
        with self.failing("open"):
            try:
                fd = os.open(self.path, FOLDER)
            except FileNotFoundError:
                raise _NoFolderError from None
            try:
                self._check(fd)
            except BaseException:
                os.close(fd)
                raise
        return fd

    def _check(self, fd: int) -> None:
        try:
            marker = os.open(_MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
        except FileNotFoundError:
            with os.scandir(fd) as entries:
                empty = all(e.name.startswith(OWN) or e.name == "lost+found" for e in entries)
            if empty:
                raise _NoFolderError from None
            self._refuse("holds other things; name an empty directory")
        with os.fdopen(marker, "rb") as file:
            owner = _platform(file.read(_LONGEST_MARKER))
        if owner != self.platform:
            self._refuse(f"is of the platform {owner!r}, not {self.platform!r}; name another")

    def _refuse(self, why: str) -> None:
        raise DestinationError(f"{self.path} is not for these backups: it {why}", temporary=False)

    def _mark(self) -> None:
        """Say whose it is, whole or not at all."""
        root = os.open(self.path, FOLDER)
        with closing(root):
            fresh = f"{OWN}{secrets.token_hex(8)}"
            with os.fdopen(os.open(fresh, NEW, 0o600, dir_fd=root), "w") as file:
                json.dump({"platform": self.platform}, file)
                file.flush()
                os.fsync(file.fileno())
            os.rename(fresh, _MARKER, src_dir_fd=root, dst_dir_fd=root)
            os.fsync(root)


def _platform(marker: bytes) -> str | None:
    try:
        return str(json.loads(marker)["platform"])
    except (ValueError, LookupError, TypeError):
        return None


@contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close a descriptor with the block."""
    try:
        yield fd
    finally:
        os.close(fd)
