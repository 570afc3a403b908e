"""Hours of the week in which somebody is there."""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from opsbook.alerts.configuration.intervals import zone_name
from opsbook.alerts.templates.times import zone_of
from opsbook.book.model import Section
from opsbook.core.days import WEEKDAYS

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _days(text: str) -> str:
    first, dash, last = text.lower().partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        raise ValueError("not a day: write, for example, mon or mon-fri")
    return text.lower()


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("not a time of day: write, for example, 07:30 or 24:00")
    return text


Time = Annotated[str, AfterValidator(_time)]


class Hours(Section):
    """Times of the week; `from` 22:00 `to` 06:00 is the night that begins on the day named."""

    days: list[Annotated[str, AfterValidator(_days)]] = Field(["mon-sun"], min_length=1)
    """Days, and ranges of them such as `mon-fri`."""
    from_: Time = Field("00:00", alias="from")
    """`HH:MM`."""
    to: Time = "24:00"
    """`HH:MM`, not included; `24:00` is the end of the day."""
    zone: Annotated[str, AfterValidator(zone_name)] = "UTC"
    """Whose clock is meant, such as `Europe/Paris` or `Local`."""

    def contain(self, at: float) -> bool:
        """Whether the moment, in seconds since 1970, lies in them."""
        moment = datetime.fromtimestamp(at, zone_of(self.zone))
        minute = moment.hour * 60 + moment.minute
        begin, end = _minutes(self.from_), _minutes(self.to)
        if begin < end:
            return begin <= minute < end and self._has(moment)
        evening = minute >= begin and self._has(moment)
        return evening or (minute < end and self._has(moment - timedelta(days=1)))

    def _has(self, moment: datetime) -> bool:
        return any(moment.weekday() in _range(each) for each in self.days)


def _range(text: str) -> set[int]:
    """`fri-mon` is four days."""
    first, dash, last = text.partition("-")
    begin = WEEKDAYS.index(first)
    length = (WEEKDAYS.index(last) - begin) % 7 if dash else 0
    return {(begin + each) % 7 for each in range(length + 1)}


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
