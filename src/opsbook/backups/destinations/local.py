"""`local`: a directory of this machine, or one that is mounted there."""

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import BinaryIO

from pydantic import Field

from opsbook.backups.destination import Destination, DestinationError, Stored, Upload
from opsbook.backups.folder import FOLDER, NEW, OWN, Folder, closing
from opsbook.backups.names import checked
from opsbook.book.fields import BookPath, Size

_UPLOADS = f"{OWN}uploads"
_TRIES = 5
"""To make a folder that a deletion beside us removes as empty."""


class Local(Destination):
    """Keeps backups in a directory of their own, private to the user that runs Opsbook."""

    directory: BookPath
    """Made where it is missing. One that holds anything else, or another platform's backups, is
    refused."""
    minimum_free: Size = Field(default=10**9, ge=0)
    """Room that must remain on its disk: a backup that would use it fails."""

    @property
    def subject(self) -> str:
        return str(self.directory)

    @cached_property
    def folder(self) -> Folder:
        return Folder(self.directory, self.platform)

    def upload(self, name: str) -> Upload:
        return _Upload(self, checked(name))

    def open(self, name: str) -> BinaryIO:
        with self.folder.found() as root, self.folder.failing("read", checked(name)):
            file = None if root is None else _reading(root, name)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "no such object", f"{self.subject}/{name}")
        return os.fdopen(file, "rb")

    def names(self, prefix: str) -> Iterator[Stored]:
        with self.folder.found() as root, self.folder.failing("list"):
            if root is not None:
                yield from _below(root, "", prefix)

    def delete(self, name: str) -> None:
        with self.folder.found() as root, self.folder.failing("delete", checked(name)):
            if root is None:
                return
            with contextlib.suppress(FileNotFoundError), _parent(root, name) as (folder, last):
                os.unlink(last, dir_fd=folder)
                os.fsync(folder)
            _remove_empty(root, name)

    def free_bytes(self) -> int | None:
        with self.folder.found() as root, self.folder.failing("look at"):
            return None if root is None else max(0, _free(root) - self.minimum_free)

    def sweep(self, older_than: float) -> int:
        with self.folder.found() as root, self.folder.failing("sweep"):
            if root is None:
                return 0
            with contextlib.suppress(FileNotFoundError), closing(_open(root, _UPLOADS)) as uploads:
                with os.scandir(uploads) as entries:
                    names = [entry.name for entry in entries]
                return sum(_swept(uploads, name, time.time() - older_than) for name in names)
        return 0


class _Upload(Upload):
    """A file beside the objects, which is renamed to its name when it is whole and on disk.

    It stays locked while this process lives, so that nobody sweeps what is still being written.
    """

    def __init__(self, keeper: Local, name: str) -> None:
        self._keeper, self._name = keeper, name
        self._partial = f"{time.time():.3f}-{secrets.token_hex(8)}"
        with ExitStack() as stack:
            self._root = stack.enter_context(keeper.folder.made())
            self._check_room(0)
            with self._failing():
                self._uploads = stack.enter_context(closing(_open(self._root, _UPLOADS, make=True)))
                self._file = os.open(self._partial, NEW, 0o600, dir_fd=self._uploads)
                stack.callback(self._drop)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._open = stack.pop_all()

    def write(self, block: bytes) -> None:
        self._check_room(len(block))
        with self._failing():
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(self._file, rest) :]

    def commit(self) -> None:
        with self._failing(), self._open:
            os.fsync(self._file)
            self._rename()
            self._still_there()

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self._open.close()

    def _drop(self) -> None:
        """Renamed or not: nothing is left under the name of before."""
        file, self._file = self._file, -1
        os.close(file)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._partial, dir_fd=self._uploads)

    def _rename(self) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                with _parent(self._root, self._name, make=True) as (folder, last):
                    os.rename(self._partial, last, src_dir_fd=self._uploads, dst_dir_fd=folder)
                    os.fsync(folder)
                    return
            except FileNotFoundError:
                if attempt == _TRIES:
                    raise

    def _still_there(self) -> None:
        """What was renamed lies in the directory that we opened, wherever that has gone to."""
        if not os.path.samestat(os.fstat(self._root), os.lstat(self._keeper.directory)):
            said = f"{self._keeper.subject} was replaced while {self._name} was written"
            raise DestinationError(
                f"{said}; look who moved it, and run the backup again", temporary=False
            )

    def _check_room(self, size: int) -> None:
        free, kept = _free(self._root), self._keeper.minimum_free
        if free - size < kept:
            raise DestinationError(
                f"{self._keeper.subject} has {free:,} bytes free, and {kept:,} must remain "
                f"(`minimum_free`); free some room there, or keep fewer backups",
                temporary=False,
            )

    def _failing(self) -> contextlib.AbstractContextManager[None]:
        return self._keeper.folder.failing("write", self._name)


def _open(root: int, name: str, *, make: bool = False) -> int:
    """A folder in a folder; never through a symbolic link."""
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=root)
            os.fsync(root)
    return os.open(name, FOLDER, dir_fd=root)


@contextlib.contextmanager
def _parent(root: int, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder that an object is in, and its name there."""
    *folders, last = name.split("/")
    with ExitStack() as stack:
        for folder in folders:
            root = stack.enter_context(closing(_open(root, folder, make=make)))
        yield root, last


def _reading(root: int, name: str) -> int | None:
    """A descriptor of an object; None if there is none."""
    with contextlib.suppress(FileNotFoundError), _parent(root, name) as (folder, last):
        about = os.stat(last, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(about.st_mode):
            return os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    return None


def _below(folder: int, path: str, prefix: str) -> Iterator[Stored]:
    """Objects in the order of their names, which is that of every other destination."""
    with os.scandir(folder) as entries:
        found = {
            f"{path}{entry.name}/" if entry.is_dir(follow_symlinks=False) else path + entry.name
            for entry in entries
            if not entry.name.startswith(".")
        }
    for name in sorted(found):
        last = name[len(path) :].rstrip("/")
        # Deleted beside us between the listing and the look: it is no longer there to be listed.
        with contextlib.suppress(FileNotFoundError):
            if not name.endswith("/"):
                about = os.stat(last, dir_fd=folder, follow_symlinks=False)
                if name.startswith(prefix) and stat.S_ISREG(about.st_mode):
                    yield Stored(name, about.st_size)
            elif name.startswith(prefix) or prefix.startswith(name):
                with closing(_open(folder, last)) as inner:
                    yield from _below(inner, name, prefix)


def _remove_empty(root: int, name: str) -> None:
    """Folders that the last object has left."""
    folders = name.split("/")[:-1]
    for depth in range(len(folders), 0, -1):
        try:
            with _parent(root, "/".join(folders[:depth])) as (folder, last):
                os.rmdir(last, dir_fd=folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
            return


def _swept(uploads: int, name: str, before: float) -> bool:
    """Whether a partial file was removed: it is old, and nobody writes it."""
    try:
        if float(name.partition("-")[0]) >= before:
            return False
        file = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=uploads)
    except (ValueError, FileNotFoundError):
        return False
    with closing(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        os.unlink(name, dir_fd=uploads)
    return True


def _free(folder: int) -> int:
    """Bytes that a user without privileges may still write."""
    about = os.fstatvfs(folder)
    return about.f_bavail * about.f_frsize
