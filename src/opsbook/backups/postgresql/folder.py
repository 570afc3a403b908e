"""A dump in directory format: a table of contents, and a file for each table.

https://www.postgresql.org/docs/current/app-pgdump.html. Its parts are named `dump-…`,
and the table of contents comes first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from opsbook.backups.packing import PackingError, as_file, decompress
from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import blocks, spool

BELOW = "dump-"
CONTENTS = f"{BELOW}toc.dat"
_NAME = re.compile(rf"{BELOW}[A-Za-z0-9_][A-Za-z0-9_.]*")
_ROWS = re.compile(rf"{BELOW}\d+\.dat(\.zst)?")
_PACKED = ".zst"
_LAST_ROW = b"\\.\n\n\n"
"""What pg_dump writes after the rows of a table."""


def part_names(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name of the part and its file, the table of contents first."""
    found = {f"{BELOW}{path.name}": path for path in folder.iterdir()}
    for name in sorted(found, key=lambda name: (name != CONTENTS, name)):
        yield name, found[name]


def is_packed(name: str) -> bool:
    """Whether pg_dump has packed that part: all but its tables of contents, where it packs."""
    return name.endswith(_PACKED)


def is_folder(names: Iterable[str]) -> bool:
    """Whether the files of a backup are those of a directory."""
    return any(name.startswith(BELOW) for name in names)


def gather(
    files: Mapping[str, Callable[[], BinaryIO]], folder: Path, work: Work, subject: str
) -> None:
    """Make the directory anew for pg_restore. Raises SourceError."""
    if CONTENTS not in files:
        raise SourceError(f"{subject}: the backup has no {CONTENTS}")
    folder.mkdir(mode=0o700)
    for name, opened in files.items():
        if not name.startswith(BELOW):
            continue
        if not _NAME.fullmatch(name):
            raise SourceError(f"{subject}: {name!r} is no file of a dump")
        spool(opened(), folder / name.removeprefix(BELOW), work, subject)


def read_rows(name: str, content: BinaryIO, work: Work, subject: str) -> None:
    """One of its files to the end. Raises SourceError where the rows of a table are cut off."""
    end = b""
    for block in _rows(name, content, work, subject):
        end = (end + block[-len(_LAST_ROW) :])[-len(_LAST_ROW) :]
    if _ROWS.fullmatch(name) and end != _LAST_ROW:
        raise SourceError(f"{subject}: {name} does not come to its end")


def _rows(name: str, content: BinaryIO, work: Work, subject: str) -> Iterator[bytes]:
    stored = blocks(content, work, subject)
    if not is_packed(name):
        yield from stored
    elif first := next(stored, b""):  # an empty large object is an empty file
        try:
            yield from decompress(as_file(chain([first], stored)))
        except PackingError as error:
            raise SourceError(f"{subject}: {name} {error}") from None
