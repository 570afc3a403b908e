"""Times of the day, of the week, of the month and of the year, as Alertmanager has them."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

Span = tuple[int, int]
"""From and to, both included."""


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """Contains a moment that every field takes; a field without spans takes all."""

    times: tuple[Span, ...] = ()
    """Minutes of the day; here the end is not included."""
    weekdays: tuple[Span, ...] = ()
    """Sunday is 0."""
    days_of_month: tuple[Span, ...] = ()
    """From 1; from the end with -1 for the last."""
    months: tuple[Span, ...] = ()
    years: tuple[Span, ...] = ()
    location: tzinfo = UTC

    def contains(self, at: float) -> bool:
        """Whether the moment, in seconds since 1970, lies in it."""
        moment = datetime.fromtimestamp(at, self.location)
        minute = moment.hour * 60 + moment.minute
        return (
            (not self.times or any(first <= minute < end for first, end in self.times))
            and _among(moment.isoweekday() % 7, self.weekdays)
            and self._among_days(moment)
            and _among(moment.month, self.months)
            and _among(moment.year, self.years)
        )

    def _among_days(self, moment: datetime) -> bool:
        last = calendar.monthrange(moment.year, moment.month)[1]
        spans = [
            (max(_from_start(first, last), 1), _from_start(end, last))
            for first, end in self.days_of_month
        ]
        return not self.days_of_month or any(a <= moment.day <= b for a, b in spans)


def contained(intervals: Sequence[TimeInterval], at: float) -> bool:
    """Whether the moment lies in any of them."""
    return any(interval.contains(at) for interval in intervals)


def _among(value: int, spans: tuple[Span, ...]) -> bool:
    return not spans or any(first <= value <= end for first, end in spans)


def _from_start(day: int, last: int) -> int:
    return last + day + 1 if day < 0 else day
