"""What a job wrote: its head, its tail, and the number of each byte."""

from dataclasses import dataclass
from pathlib import Path

from opsbook.core.secrets import mask

_MOST = 65_536
_LAST = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the output. `start` is greater than what was asked for where bytes were dropped."""

    start: int
    text: str
    end: int
    """Where the next piece begins."""


class JobOutput:
    """Reads the files `output.N` of a job. All of it blocks shortly."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, position: int, *, ended: bool, most: int = _MOST) -> Piece:
        """What was written from a position on: whole lines, until it has `ended`.

        A secret is masked where it stands in one piece; lines are not torn apart unless they
        are longer than `most` bytes.
        """
        files = self._files()
        for start, file in files:
            data = _read(file, max(0, position - start), most)
            if data:
                full = len(data) >= most or start != files[-1][0]
                whole = _whole_lines(data, full, ended)
                begin = max(start, position)
                return Piece(begin, _text(whole), begin + len(whole))
        return Piece(position, "", position)

    def last(self) -> str:
        """The last words, at most 2,000 bytes."""
        words = b""
        for start, file in reversed(self._files()):
            size = _size(file)
            words = _read(file, max(0, size - _LAST + len(words)), _LAST) + words
            if len(words) >= _LAST or not start:
                break
        return _text(words[-_LAST:]).strip()

    def size(self) -> int:
        """How many bytes were written, kept or not."""
        files = self._files()
        return files[-1][0] + _size(files[-1][1]) if files else 0

    def _files(self) -> list[tuple[int, Path]]:
        found = [(int(file.suffix[1:]), file) for file in self._directory.glob("output.*")]
        return sorted(found)


def _whole_lines(data: bytes, full: bool, ended: bool) -> bytes:
    newline = data.rfind(b"\n") + 1
    return data if ended or (full and not newline) else data[:newline]


def _read(file: Path, position: int, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(position)
            return opened.read(most)
    except FileNotFoundError:
        # It was dropped for newer output just now.
        return b""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _text(data: bytes) -> str:
    return mask(data.decode("utf-8", errors="replace"))
