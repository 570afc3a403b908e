"""A snapshot checked while it passes: its beginning, its end and its checksum.

https://rdb.fnordig.de/file_format.html: `REDIS`, four digits, the content, 0xFF, and the
CRC-64 of all before it; zeros where the server was told to compute none.
"""

from collections.abc import Iterable, Iterator

from opsbook.backups.rdb.crc import Crc64
from opsbook.backups.source import SourceError
from opsbook.backups.tools.flow import BLOCK

_MAGIC = b"REDIS"
_HEAD = 9
_SUM = 8
_END = 0xFF


class Check:
    """Of one snapshot; complete when `passing` has ended."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self.version = 0
        """Of the format."""
        self.summed = True
        """Whether the server computed a checksum."""

    def passing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks, gathered. Raises SourceError where they are no whole snapshot."""
        crc, held = Crc64(), bytearray()
        for block in blocks:
            held += block
            if len(held) >= BLOCK + _SUM + 1:
                # The end is held back: the sum is not part of what it sums.
                ready = bytes(held[: -_SUM - 1])
                del held[: -_SUM - 1]
                self._begin(ready)
                crc.update(ready)
                yield ready
        self._begin(bytes(held))
        crc.update(bytes(held[:-_SUM]))
        self._finish(bytes(held[-_SUM - 1 :]), crc.value)
        yield bytes(held)

    def _begin(self, block: bytes) -> None:
        if self.version:
            return
        head = block[:_HEAD]
        if not head.startswith(_MAGIC) or not head[len(_MAGIC) :].isdigit():
            raise SourceError(f"{self._subject}: no snapshot of Redis: it begins with {head!r}")
        self.version = int(head[len(_MAGIC) :])

    def _finish(self, end: bytes, value: int) -> None:
        if len(end) <= _SUM or end[0] != _END:
            raise SourceError(f"{self._subject}: the snapshot does not come to its end")
        stored = int.from_bytes(end[1:], "little")
        self.summed = stored != 0
        if self.summed and stored != value:
            raise SourceError(
                f"{self._subject}: the snapshot is damaged: its checksum is {stored:016x}, "
                f"that of its content {value:016x}"
            )
