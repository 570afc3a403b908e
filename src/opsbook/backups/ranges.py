"""An object read range by range: what breaks in the middle costs one range, not the whole."""

import io
from collections.abc import Callable
from typing import Any

RANGE = 8 * 2**20
"""Bytes asked for at once, and held."""


class Ranges(io.RawIOBase):
    """Reads `size` bytes through `fetch(start, end)`, which raises what the reader gets."""

    def __init__(self, fetch: Callable[[int, int], memoryview], size: int) -> None:
        self._fetch, self._size = fetch, size
        self._at = 0
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:
        room = memoryview(into).cast("B")
        if not self._held and self._at < self._size and len(room):
            end = min(self._at + RANGE, self._size)
            self._held = self._fetch(self._at, end)
            self._at = end
        taken = self._held[: len(room)]
        self._held = self._held[len(taken) :]
        room[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        self._held = memoryview(b"")
        super().close()
