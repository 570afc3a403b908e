"""Rows that wait to be sent: on disk before anybody is told that they are taken."""

import struct
import threading
from dataclasses import dataclass
from pathlib import Path

from opsbook.metrics.remote.snappy import deflated, inflated
from opsbook.metrics.storage.wal import Wal, read_segment
from opsbook.metrics.store import Problem

_COUNT = struct.Struct("<I")
_SEGMENT_BYTES = 4 * 1024 * 1024
_LARGEST_ROW = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A message of remote write, and how many samples are in it."""

    samples: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """The oldest rows, of one file, which goes when they have arrived."""

    file: Path
    rows: list[Row]


class Outbox:
    """A log in the files of which nothing is changed. One thread puts, one takes.

    A parcel that was sent, and of which nobody heard any more that it had arrived, is sent again.
    """

    def __init__(self, directory: Path, most_bytes: int) -> None:
        """Raises OSError."""
        self.problems: list[Problem] = []
        self._most = most_bytes
        self._lock = threading.Lock()
        self._wal = Wal(directory)
        self._sealed = {file: file.stat().st_size for file in self._wal.segments()}
        """Files that are not written any more, the oldest first, and their sizes."""
        self._wal.rotate()

    @property
    def directory(self) -> Path:
        return self._wal.directory

    @property
    def trouble(self) -> str | None:
        return self._wal.trouble

    @property
    def nbytes(self) -> int:
        with self._lock:
            return self._nbytes()

    @property
    def empty(self) -> bool:
        with self._lock:
            return self._oldest() is None

    def put(self, row: Row) -> bool:
        """False where there is no room for it."""
        payload = _COUNT.pack(row.samples) + deflated(row.message)
        with self._lock:
            if self._nbytes() + len(payload) > self._most or self._wal.full:
                return False
            self._wal.append([payload])
            if self._wal.size > _SEGMENT_BYTES:
                self._seal()
        return True

    def take(self) -> Parcel | None:
        """The oldest rows, again and again until they are `done`."""
        with self._lock:
            if not self._sealed:
                self._seal()
            file = next(iter(self._sealed), None)
        if file is None:
            return None
        payloads = [bytes(payload) for payload in read_segment(file, self.problems)]
        return Parcel(file, [_row(payload) for payload in payloads])

    def done(self, parcel: Parcel) -> None:
        """Raises OSError."""
        with self._lock:
            parcel.file.unlink(missing_ok=True)
            del self._sealed[parcel.file]

    def mark(self) -> int:
        """What was put until now; see `passed`."""
        return self._wal.current

    def passed(self, mark: int) -> bool:
        """Whether all that was put before the mark is done."""
        with self._lock:
            oldest = self._oldest()
            return oldest is None or oldest > mark

    def sync(self) -> None:
        """Until what waits survives a loss of power."""
        self._wal.sync()

    def close(self) -> None:
        with self._lock:
            self._wal.close()

    def _nbytes(self) -> int:
        return sum(self._sealed.values()) + self._wal.size

    def _seal(self) -> None:
        file, size = self.directory / f"{self._wal.current:08d}.wal", self._wal.size
        if size and self._wal.rotate():
            self._sealed[file] = size

    def _oldest(self) -> int | None:
        for file in self._sealed:
            return int(file.stem)
        return self._wal.current if self._wal.size else None


def _row(payload: bytes) -> Row:
    return Row(_COUNT.unpack_from(payload)[0], inflated(payload[_COUNT.size :], _LARGEST_ROW))
