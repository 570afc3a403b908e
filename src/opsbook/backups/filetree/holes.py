"""Where a file has data, and where only a hole that reads as zeros (lseek(2))."""

import errno
import os
from collections.abc import Iterator

from opsbook.backups.tools.flow import BLOCK

Extent = tuple[int, int]
"""Offset and length, in bytes."""

_ZEROS = bytes(BLOCK)
_BLOCK_OF_STAT = 512


def extents(descriptor: int, status: os.stat_result) -> list[Extent] | None:
    """The data of a file with holes; None for one without."""
    if status.st_blocks * _BLOCK_OF_STAT >= status.st_size:
        return None
    found: list[Extent] = []
    end = 0
    while end < status.st_size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            return None
        if start >= status.st_size:
            break
        found.append((start, min(end, status.st_size) - start))
    return found


def zeros(length: int) -> Iterator[bytes]:
    """A hole in blocks."""
    while length > 0:
        yield _ZEROS if length >= BLOCK else _ZEROS[:length]
        length -= BLOCK
