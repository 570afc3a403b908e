"""A clock on the wall that is set while we look at it: by an administrator, by NTP, by a sleep."""

from collections.abc import Callable

from opsbook.core.clock import Clock

_NOTABLE = 1.0
"""Seconds; less is what clocks are set by all the time."""


class Noticing(Clock):
    """Says by how much the time was set before it tells the new one. For one thread only."""

    def __init__(self, clock: Clock, jumped: Callable[[float], None]) -> None:
        """`jumped` is called with seconds, negative where the time was set back."""
        self._clock, self._jumped = clock, jumped
        self._ahead = clock.now() - clock.monotonic()

    def now(self) -> float:
        now = self._clock.now()
        ahead = now - self._clock.monotonic()
        seconds, self._ahead = ahead - self._ahead, ahead
        if abs(seconds) >= _NOTABLE:
            self._jumped(seconds)
        return now

    def monotonic(self) -> float:
        return self._clock.monotonic()


class Steady:
    """Times of the wall that pass as they should, from those of the moment it was made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.began = clock.now()
        self._monotonic = clock.monotonic()

    def now(self) -> float:
        """Seconds since 1970, whatever the clock was set to meanwhile."""
        return self.began + self._clock.monotonic() - self._monotonic
