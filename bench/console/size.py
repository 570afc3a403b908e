"""What a browser has to fetch, compressed as the server sends it."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import opsbook.web.console
from bench.table import Cell

_PAGES = Path(opsbook.web.console.__file__).parent / "pages"
HEAD = ("what", "files", "kB", "kB compressed")


@dataclass(frozen=True, slots=True)
class Size:
    what: str
    files: int
    bytes: int
    compressed: int

    def row(self) -> Sequence[Cell]:
        return self.what, self.files, self.bytes / 1e3, self.compressed / 1e3


def sizes() -> list[Size]:
    """Of all pages together, by kind of file, and of everything."""
    files = [file for file in _PAGES.rglob("*") if file.is_file()]
    kinds = sorted({file.suffix for file in files})
    found = [_size(kind, [file for file in files if file.suffix == kind]) for kind in kinds]
    return [*found, _size("in all", files)]


def _size(what: str, files: Sequence[Path]) -> Size:
    bodies = [file.read_bytes() for file in files]
    packed = sum(len(gzip.compress(body, mtime=0)) for body in bodies)
    return Size(what, len(files), sum(map(len, bodies)), packed)
