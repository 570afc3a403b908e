"""When something is due: by an interval or at a time of day, and again after a failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count

from opsbook.core.days import Days, is_among

_AGAIN_AFTER = 900.0
"""Seconds after a failure, or an eighth of the interval where that is more: the next try may
do a whole work again of which nearly nothing had failed."""
_DAY = 86_400.0
_LATE = 1.5
"""Intervals after which what was not done is late."""
_LATE_AT = _DAY / 2
"""Seconds after a time of day, then."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """With neither an interval nor a time of day, nothing is ever due. Times are in seconds."""

    every: float | None = None
    at: time | None = None
    zone: tzinfo = UTC
    """Of `at`."""
    days: tuple[Days, ...] = ()
    """On which it is `at` that time; each day where none are named."""

    @property
    def by_itself(self) -> bool:
        """Whether it is ever due."""
        return self.every is not None or self.at is not None

    def due(self, done: float | None, tried: float | None, since: float, now: float) -> bool:
        """Whether it is to be done now: the last was `done`, the last attempt `tried` then.

        What never was is due at once with an interval, and at its next hour (after `since`)
        with a time of day.
        """
        if tried is not None and (done is None or tried > done):
            return now >= tried + self._again_after and self.by_itself
        if self.every is not None:
            return done is None or now >= done + self.every
        if self.at is not None:
            return (done if done is not None else since) < self._last(now)
        return False

    def next_at(
        self, done: float | None, tried: float | None, since: float, now: float
    ) -> float | None:
        """When it is due next, which is `now` where it is already; None for never."""
        if not self.by_itself or self.due(done, tried, since, now):
            return now if self.by_itself else None
        if tried is not None and (done is None or tried > done):
            return tried + self._again_after
        if self.every is not None:
            assert done is not None
            return done + self.every
        return self._next(now)

    def late_at(self, done: float) -> float | None:
        """When the next one is late."""
        if self.every is not None:
            return done + self.every * _LATE
        return None if self.at is None else self._next(done) + _LATE_AT

    def day_of(self, now: float) -> date:
        """Whose turn it is, in the zone: what was missed is made up for on a later one."""
        at = now if self.at is None else self._last(now)
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone).date()

    @property
    def _again_after(self) -> float:
        between = self.every or _DAY
        return min(between, max(_AGAIN_AFTER, between / 8))

    def _last(self, now: float) -> float:
        """When it was the time of day of one of the days, and is not after `now`."""
        return next(at for at in self._from(now, back=True) if at <= now)

    def _next(self, now: float) -> float:
        return next(at for at in self._from(now) if at > now)

    def _from(self, now: float, *, back: bool = False) -> Iterator[float]:
        """When the clock of the zone shows the time of day, from the day after or before on: a
        clock that is set may have moved one over midnight."""
        assert self.at is not None
        step = timedelta(days=-1 if back else 1)
        today = datetime.fromtimestamp(now, UTC).astimezone(self.zone).date()
        for number in count(-1):
            day = today + number * step
            if is_among(day, self.days):
                yield datetime.combine(day, self.at, self.zone).timestamp()
