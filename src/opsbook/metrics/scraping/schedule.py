"""When a target is scraped: on a grid of its own in the day, so that all are spread evenly."""

import zlib

_TOLERANCE = 2
"""Milliseconds that a scrape may be late and still count as on time: a grid packs best."""


class Schedule:
    """Times in milliseconds since 1970. The grid is the same after every start."""

    def __init__(self, key: str, interval: float) -> None:
        """The interval in seconds."""
        self._interval = max(1, round(interval * 1000))
        self._offset = zlib.crc32(key.encode()) % self._interval

    def after(self, now: int) -> int:
        """The next time on the grid, never at once: `now` may be a little before its own."""
        soonest = now + self._interval // 10 - self._offset
        return (soonest // self._interval + 1) * self._interval + self._offset

    def stamp(self, due: int, now: int) -> int:
        """The time that a scrape which starts now gets, where it was due."""
        tolerance = min(_TOLERANCE, self._interval // 100)
        return due if abs(now - due) <= tolerance else now
