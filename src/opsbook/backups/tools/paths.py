"""Files and directories as the places of a set."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from opsbook.backups.places import Move, Places
from opsbook.backups.source import Facts, SourceError, Work
from opsbook.backups.tools.beside import sweep_beside
from opsbook.core.units import format_size

Compared = Callable[[Path, Facts, Work], None]


class Paths(Places):
    """Two renames and not one exchange: after a death in between, what lies where tells how far
    it had come, and before and after an exchange that looks the same."""

    def __init__(
        self, paths: Sequence[Path], compared: Compared, sides: Sequence[str] = ()
    ) -> None:
        """`sides` are the endings of files that belong to one and go where it goes."""
        self._paths = [each.resolve() for each in paths]
        self._compared, self._sides = compared, sides
        self.apart = [str(each) for each in self._paths] if len(paths) > 1 else []

    @property
    def used(self) -> Sequence[str]:
        return [str(each) for each in self._paths]

    def beside(self, mark: str, end: str) -> str:
        return f"{self._paths[0]}.{mark}.{end}"

    def there(self, name: str) -> bool:
        return os.path.lexists(name)

    def holds(self, name: str, facts: Facts, work: Work) -> None:
        if not self.there(name):
            raise SourceError(f"{name}: it is not there")
        try:
            self._compared(Path(name), facts, work)
        except sqlite3.Error as error:
            raise SourceError(f"{name}: {error}") from None

    def discard(self, name: str) -> None:
        try:
            for path in (Path(name + end) for end in ("", *self._sides)):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            sweep_beside(Path(name))
        except OSError as error:
            raise SourceError(f"{name}: cannot be removed: {error.strerror}") from None

    def move(self, moves: Sequence[Move], work: Work) -> None:
        for before, after in moves:
            for end in (*self._sides, ""):
                _rename(Path(before + end), Path(after + end))

    def fits(self, name: str, facts: Facts, size: int, work: Work) -> None:
        above = next(each for each in Path(name).absolute().parents if each.is_dir())
        free = shutil.disk_usage(above).free
        if free < size:
            needed = f"{format_size(size)} are needed"
            raise SourceError(f"{name}: {format_size(free)} are free in {above}, {needed}")


class Trees(Paths):
    """What was restored holds each path with all the directories above it."""

    def inside(self, fresh: str, used: str) -> str:
        return f"{fresh}/{used.removeprefix('/')}"


def _rename(before: Path, after: Path) -> None:
    if not os.path.lexists(before):
        return
    if os.path.lexists(after):
        raise SourceError(f"{before}: not moved, {after} exists; nothing is put over it")
    try:
        after.parent.mkdir(parents=True, exist_ok=True)
        before.rename(after)
        for each in {before.parent, after.parent}:
            _keep(each)
    except OSError as error:
        raise SourceError(f"{before}: cannot become {after}: {error.strerror}") from None


def _keep(directory: Path) -> None:
    """Have its names on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
