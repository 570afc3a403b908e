"""The book's `maintenance:` — when people work on the platform and nobody is to be told."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from opsbook.book.fields import Days, Duration, Name
from opsbook.book.model import Section
from opsbook.core.days import is_among


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not a time zone: write one such as UTC or Europe/Vienna") from None
    return name


def _clock_time(value: Any) -> Any:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("not a time of day: write HH:MM") from None


def _moment(value: Any) -> Any:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("not a moment with its zone: write 2026-03-01T02:00:00Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(_moment)]
ClockTime = Annotated[
    time, BeforeValidator(_clock_time), WithJsonSchema({"type": "string", "examples": ["02:30"]})
]


class Maintenance(Section):
    """A window, once (`begin` and `end`) or again and again (`at` and `lasting`)."""

    reason: str
    """What is being done, for those who wonder."""
    services: list[Name] = []
    """The services it covers; all of them, and every check, if none is named."""
    begin: Moment | None = None
    """When a single window begins, with its zone: 2026-03-01T02:00:00Z."""
    end: Moment | None = None
    """When it ends."""
    at: ClockTime | None = None
    """When it begins each time, in `zone`."""
    lasting: Duration | None = Field(default=None, gt=0, le=86_400)
    """How long it lasts each time, a day at most."""
    days: list[Days] = []
    """The days on which it begins: `sun`, `first sun`, `last fri`, `1`, `last`; each if none is
    named."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """The time zone of `at`, such as Europe/Vienna."""

    @model_validator(mode="after")
    def _once_or_again(self) -> "Maintenance":
        once = (self.begin is not None, self.end is not None)
        again = (self.at is not None, self.lasting is not None)
        if not (all(once) and not any(again)) and not (all(again) and not any(once)):
            raise ValueError("not a window: give begin and end, or at and lasting")
        if self.begin and self.end and self.begin >= self.end:
            raise ValueError("the window ends before it begins: exchange begin and end")
        return self

    def covers(self, service: str | None, now: float) -> bool:
        """Whether this service (None: a check of no service) is in the window at `now`."""
        return (not self.services or service in self.services) and self._open(now)

    def _open(self, now: float) -> bool:
        if self.begin and self.end:
            return self.begin.timestamp() <= now < self.end.timestamp()
        assert self.at is not None
        assert self.lasting is not None
        local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(self.zone))
        for day in (local.date(), local.date() - timedelta(days=1)):
            begin = datetime.combine(day, self.at, ZoneInfo(self.zone)).timestamp()
            if begin <= now < begin + self.lasting and is_among(day, self.days):
                return True
        return False
