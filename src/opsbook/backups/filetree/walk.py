"""A tree of files in a fixed order: a directory, then what is in it, by descriptors only, so
that nobody can lead the walk elsewhere by swapping a directory for a link."""

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsbook.backups.filetree.patterns import Patterns
from opsbook.backups.source import SourceError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a tree, for as long as the walk has not gone on."""

    path: str
    """From the top, `/` between names; bytes that are no UTF-8 as surrogates (PEP 383)."""
    status: os.stat_result
    name: str
    directory: int
    """Descriptor of the directory that it is in."""

    def open(self) -> int:
        """A descriptor of a regular file. Raises OSError."""
        descriptor = os.open(self.name, _FILE, dir_fd=self.directory)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError
        return descriptor

    def target(self) -> str:
        """Where a symbolic link leads. Raises OSError."""
        return os.readlink(self.name, dir_fd=self.directory)


@dataclass(frozen=True, slots=True)
class Walk:
    """How a tree is walked; `told` hears what was passed over: why, and its path."""

    excludes: Patterns
    other_devices: bool
    told: Callable[[str, str], None]

    def of(self, root: Path, top: str) -> Iterator[Entry]:
        """`root` itself as `top`, and everything below. Raises SourceError."""
        with entry_of(root, top) as first:
            yield first
            if stat.S_ISDIR(first.status.st_mode):
                yield from self._below(first)

    def inside(self, root: Path) -> Iterator[Entry]:
        """What is below `root`, with paths from there. Raises SourceError."""
        with entry_of(root, "") as first:
            yield from self._below(first)

    def _below(self, first: Entry) -> Iterator[Entry]:
        """Depth first, without recursion: a tree may be deeper than Python's stack."""
        levels = [self._entries(first, first.path)]
        try:
            while levels:
                entry = next(levels[-1], None)
                if entry is None:
                    levels.pop()
                    continue
                yield entry
                if stat.S_ISDIR(entry.status.st_mode):
                    if not self.other_devices and entry.status.st_dev != first.status.st_dev:
                        self.told("not entered, for it is on another device", entry.path)
                    else:
                        levels.append(self._entries(entry, first.path))
        finally:
            while levels:
                levels.pop().close()

    def _entries(self, above: Entry, top: str) -> Generator[Entry]:
        try:
            descriptor = os.open(above.name, _DIRECTORY, dir_fd=above.directory)
        except (FileNotFoundError, NotADirectoryError):
            self.told("vanished", above.path)
            return
        except OSError as error:
            raise cannot_read(above.path, error) from None
        try:
            for name in sorted(os.listdir(descriptor)):  # noqa: PTH208 - of a descriptor
                path = f"{above.path}/{name}" if above.path else name
                if not self.excludes.match(path[len(top) :].removeprefix("/")):
                    yield from self._one(descriptor, name, path)
        finally:
            os.close(descriptor)

    def _one(self, directory: int, name: str, path: str) -> Iterator[Entry]:
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            self.told("vanished", path)
            return
        yield Entry(path, status, name, directory)


@contextmanager
def entry_of(path: Path, top: str) -> Iterator[Entry]:
    """One place in the file system, called `top`. Raises SourceError."""
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise cannot_read(str(path.parent), error) from None
    try:
        try:
            status = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            raise cannot_read(str(path), error) from None
        yield Entry(top, status, path.name, parent)
    finally:
        os.close(parent)


def cannot_read(path: str, error: OSError) -> SourceError:
    return SourceError(
        f"cannot read {shown(path)}: {error.strerror}; exclude it or give the right to read it"
    )


def shown(path: str) -> str:
    """A path on one line, whatever bytes are in it."""
    return path.encode("unicode_escape", "surrogatepass").decode("ascii")
