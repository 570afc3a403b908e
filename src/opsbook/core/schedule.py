"""When something is due: by an interval or at a time of day, and again after a failure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_AGAIN_AFTER = 900.0
"""Seconds after a failure, or an eighth of the interval where that is more: the next try may
do a whole work again of which nearly nothing had failed."""
_DAY = 86_400.0
_LATE = 1.5
"""Intervals after which what was not done is late."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """With neither an interval nor a time of day, nothing is ever due. Times are in seconds."""

    every: float | None = None
    at: time | None = None
    zone: tzinfo = UTC
    """Of `at`."""

    @property
    def interval(self) -> float | None:
        """Between two times; None where nobody does it by itself."""
        if self.every is not None:
            return self.every
        return _DAY if self.at is not None else None

    def due(self, done: float | None, tried: float | None, since: float, now: float) -> bool:
        """Whether it is to be done now: the last was `done`, the last attempt `tried` then.

        What never was is due at once with an interval, and at its next hour (after `since`)
        with a time of day.
        """
        if tried is not None and (done is None or tried > done):
            return now >= tried + self._again_after and self.interval is not None
        if self.every is not None:
            return done is None or now >= done + self.every
        if self.at is not None:
            return (done if done is not None else since) < max(
                at for at in self._around(now) if at <= now
            )
        return False

    def next_at(
        self, done: float | None, tried: float | None, since: float, now: float
    ) -> float | None:
        """When it is due next, which is `now` where it is already; None for never."""
        if self.interval is None or self.due(done, tried, since, now):
            return None if self.interval is None else now
        if tried is not None and (done is None or tried > done):
            return tried + self._again_after
        if self.every is not None:
            assert done is not None
            return done + self.every
        return min(at for at in self._around(now) if at > now)

    def late_at(self, done: float) -> float | None:
        """When the next one is late."""
        return None if self.interval is None else done + self.interval * _LATE

    @property
    def _again_after(self) -> float:
        between = self.interval or _AGAIN_AFTER
        return min(between, max(_AGAIN_AFTER, between / 8))

    def _around(self, now: float) -> list[float]:
        """When the clock of the zone shows the time of day, from yesterday on for four days."""
        assert self.at is not None
        today = datetime.fromtimestamp(now, UTC).astimezone(self.zone).date()
        days = [today + timedelta(days=day) for day in (-1, 0, 1, 2)]
        return [datetime.combine(day, self.at, self.zone).timestamp() for day in days]
