"""Time intervals as Alertmanager's configuration declares them."""

import re
from collections.abc import Callable
from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, model_validator

from opsbook.alerts.routing.intervals import Span, TimeInterval
from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.times import zone_of
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import Many, Text

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_NUMBER = re.compile(r"[-+]?[0-9]{1,9}")
_SHORTEST_MONTH = 28


def _span(text: str, member: Callable[[str], int]) -> Span:
    """`monday:friday`, or one of the two alone. Raises ValueError."""
    first, colon, last = text.lower().partition(":")
    return member(first), member(last if colon else first)


def _weekday(text: str) -> int:
    if text not in _WEEKDAYS:
        raise ValueError("not a weekday: write, for example, monday or monday:friday")
    return _WEEKDAYS.index(text)


def _month(text: str) -> int:
    if text in _MONTHS:
        return _MONTHS.index(text) + 1
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= len(_MONTHS):
        raise ValueError("not a month: write, for example, january, 1 or january:march")
    return int(text)


def _year(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a year: write, for example, 2026 or 2026:2028")
    return int(text)


def _day(text: str) -> int:
    if not _NUMBER.fullmatch(text) or not 1 <= abs(int(text)) <= 31:
        raise ValueError("not a day of the month: write, for example, 1, 1:15 or -7:-1")
    return int(text)


def _checked(member: Callable[[str], int]) -> AfterValidator:
    def check(text: str) -> str:
        first, last = _span(text, member)
        if first > last:
            raise ValueError("ends before it begins: write two of them")
        return text

    return AfterValidator(check)


def _days(text: str) -> str:
    first, last = _span(text, _day)
    if first < 0 < last:
        raise ValueError("begins at the month's end and ends at its start: count both alike")
    if _in_shortest(first) > _in_shortest(last):
        raise ValueError("ends before it begins: write two of them")
    return text


def _in_shortest(day: int) -> int:
    return day + _SHORTEST_MONTH if day < 0 else day


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("not a time of day: write, for example, 09:30 or 24:00")
    return text


def zone_name(name: str) -> str:
    """Raises ValueError for a name that is no time zone's."""
    try:
        zone_of(name)
    except CallError:
        raise ValueError("not a time zone: write, for example, Europe/Paris or Local") from None
    return name


TimeOfDay = Annotated[Text, AfterValidator(_time)]


class TimeRange(Section):
    """A part of the day; the end is not included."""

    start_time: TimeOfDay
    """`HH:MM`."""
    end_time: TimeOfDay
    """`HH:MM`, not included; `24:00` is the end of the day."""

    @model_validator(mode="after")
    def _forward(self) -> "TimeRange":
        if _minutes(self.start_time) >= _minutes(self.end_time):
            raise ValueError("ends before it begins: for a night write two, one to 24:00")
        return self

    def span(self) -> Span:
        return _minutes(self.start_time), _minutes(self.end_time)


class IntervalConfig(Section):
    """A moment is in it that each field takes; a field that is not given takes all."""

    times: Many[TimeRange] = []
    weekdays: Many[Annotated[Text, _checked(_weekday)]] = []
    """Names of days, and ranges such as `monday:friday`."""
    days_of_month: Many[Annotated[Text, AfterValidator(_days)]] = []
    """From 1; from the end with -1 for the last."""
    months: Many[Annotated[Text, _checked(_month)]] = []
    """Names or numbers, and ranges."""
    years: Many[Annotated[Text, _checked(_year)]] = []
    """Numbers, and ranges such as `2026:2028`."""
    location: Annotated[Text, AfterValidator(zone_name)] = ""
    """Whose clock is meant, such as `Europe/Paris` or `Local`; UTC if not given."""

    def interval(self) -> TimeInterval:
        return TimeInterval(
            times=tuple(each.span() for each in self.times),
            weekdays=tuple(_span(text, _weekday) for text in self.weekdays),
            days_of_month=tuple(_span(text, _day) for text in self.days_of_month),
            months=tuple(_span(text, _month) for text in self.months),
            years=tuple(_span(text, _year) for text in self.years),
            location=zone_of(self.location) if self.location else UTC,
        )


def _named(text: str) -> str:
    if not text:
        raise ValueError("a time interval needs a name")
    return text


class NamedIntervals(Section):
    """Times that routes can name."""

    name: Annotated[Text, AfterValidator(_named)]
    """By which routes name it."""
    time_intervals: Many[IntervalConfig] = []
    """A moment is meant that is in any of them."""
