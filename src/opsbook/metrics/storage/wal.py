"""The write-ahead log: records in segment files, each with its length and its CRC-32."""

import contextlib
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from opsbook.metrics.store import Problem

_MAGIC = b"OPSWAL01"
_HEADER = struct.Struct("<II")
_PENDING_BYTES = 16 * 1024 * 1024
"""How much is kept in memory while the disk takes nothing."""


class Wal:
    """Appends records; after `append` they are with the kernel, after `sync` on the disk."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.trouble: str | None = None
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: int | None = None
        self._retired: list[int] = []
        """Files of older segments that have not been brought to the disk yet."""
        self._files = threading.Lock()
        self._pending = bytearray()
        self._size = 0
        self._number = max((int(file.stem) for file in self.segments()), default=0)

    def segments(self) -> list[Path]:
        return sorted(self.directory.glob("????????.wal"))

    @property
    def current(self) -> int:
        """The number of the segment that is written."""
        return self._number

    @property
    def size(self) -> int:
        """Bytes in the segment that is written."""
        return self._size + len(self._pending)

    @property
    def full(self) -> bool:
        """Whether there is room for another record neither on disk nor in memory."""
        return len(self._pending) > _PENDING_BYTES and not self._written()

    def append(self, payloads: list[bytes]) -> None:
        """Write records, or keep them for later and say so in `trouble`."""
        for payload in payloads:
            self._pending += _HEADER.pack(len(payload), zlib.crc32(payload)) + payload
        self._written()

    def rotate(self) -> bool:
        """Go on in a new segment; not while records wait for room on the disk."""
        if not self._written():
            return False
        with self._files:
            if self._file is not None:
                self._retired.append(self._file)
            self._file, self._size = None, 0
        self._number += 1
        return True

    def sync(self) -> None:
        """Until what was appended survives a loss of power. Raises nothing; see `trouble`."""
        with self._files:
            current = [] if self._file is None else [os.dup(self._file)]
            waiting, self._retired = [*self._retired, *current], []
        for file in waiting:
            try:
                os.fdatasync(file)
            except OSError as error:
                self._complain(error)
            finally:
                os.close(file)

    def close(self) -> None:
        self._written()
        self.rotate()
        self.sync()
        with self._files:
            if self._file is not None:
                os.close(self._file)
            self._file = None

    def _written(self) -> bool:
        """Bring what waits to the disk; False if it still waits."""
        if not self._pending:
            return True
        try:
            self._write(self._open())
        except OSError as error:
            self._complain(error)
            return False
        self.trouble = None
        return True

    def _write(self, file: int) -> None:
        """All or nothing: half a record would hide those that come after it."""
        try:
            done = 0
            while done < len(self._pending):
                done += os.write(file, memoryview(self._pending)[done:] if done else self._pending)
        except OSError:
            os.ftruncate(file, self._size)
            raise
        self._size += done
        self._pending = bytearray()

    def _open(self) -> int:
        if self._file is None:
            path = self.directory / f"{self._number:08d}.wal"
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            self._file = os.open(path, flags, 0o600)
            self._size = 0
            self._pending[:0] = _MAGIC
        return self._file

    def _complain(self, error: OSError) -> None:
        self.trouble = (
            f"{self.directory}: {error.strerror}; new samples are only in memory "
            f"(up to {_PENDING_BYTES >> 20} MiB of them) until there is room"
        )


def read_segment(path: Path, problems: list[Problem]) -> Iterator[memoryview]:
    """The records of a segment up to the first that is not whole, which is named."""
    content = memoryview(path.read_bytes())
    if content[: len(_MAGIC)] != _MAGIC:
        problems.append(Problem(path, 0, "not a segment of the log; nothing of it was read"))
        return
    offset = len(_MAGIC)
    while offset < len(content):
        payload = _record(content, offset)
        if payload is None:
            lost = len(content) - offset
            text = f"torn or damaged record; {lost} bytes from here on were not read"
            problems.append(Problem(path, offset, text))
            return
        yield payload
        offset += _HEADER.size + len(payload)


def _record(content: memoryview, offset: int) -> memoryview | None:
    with contextlib.suppress(struct.error):
        length, crc = _HEADER.unpack_from(content, offset)
        start = offset + _HEADER.size
        payload = content[start : start + length]
        # Zeros, as a loss of power leaves them, would be a record of no length that fits.
        if length and len(payload) == length and zlib.crc32(payload) == crc:
            return payload
    return None
