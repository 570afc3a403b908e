"""Go's times and durations, with the methods that templates call on them."""

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.values import Named, Struct, method
from opsbook.alerts.templates.layouts import DEFAULT, format_time

SECOND = 1_000_000_000
"""Nanoseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = -62_135_596_800
"""The first second of the year 1, which stands for no time."""
_UNITS: tuple[tuple[str, int], ...] = (("ms", 1_000_000), ("µs", 1_000), ("ns", 1))


class Duration(Named, int):
    """Nanoseconds."""

    go_type = "time.Duration"

    @method("String")
    def text(self) -> str:
        """`1h2m3.5s`, `4.2ms`, `0s`."""
        sign, rest = "-" * (self < 0), abs(int(self))
        if rest < SECOND:
            for unit, size in _UNITS:
                if rest >= size:
                    return f"{sign}{_decimal(rest, size)}{unit}"
            return "0s"
        minutes, rest = divmod(rest, 60 * SECOND)
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
        return f"{sign}{text}{_decimal(rest, SECOND)}s"

    @method("Nanoseconds")
    def nanoseconds(self) -> int:
        return int(self)

    @method("Milliseconds")
    def milliseconds(self) -> int:
        return _toward_zero(self, 1_000_000)

    @method("Seconds")
    def seconds(self) -> float:
        return int(self) / SECOND

    @method("Minutes")
    def minutes(self) -> float:
        return int(self) / (60 * SECOND)

    @method("Hours")
    def hours(self) -> float:
        return int(self) / (3600 * SECOND)

    @method("Truncate")
    def truncate(self, unit: "Duration") -> "Duration":
        return Duration(_toward_zero(self, unit) * unit) if unit > 0 else self

    @method("Round")
    def rounded(self, unit: "Duration") -> "Duration":
        """To the nearest multiple; halves away from zero."""
        if unit <= 0:
            return self
        count = (2 * abs(int(self)) + unit) // (2 * unit)
        return Duration((-1 if self < 0 else 1) * count * unit)


class Time(Struct):
    """A moment: nanoseconds since 1970, and the zone to show it in."""

    go_type = "time.Time"

    def __init__(self, at: int, zone: tzinfo = UTC) -> None:
        super().__init__()
        self.at = at
        self.zone = zone

    @classmethod
    def of(cls, seconds: float) -> "Time":
        """From seconds since 1970; a float tells microseconds from each other, and no less."""
        return cls(round(seconds * 1_000_000) * 1_000)

    @classmethod
    def zero(cls) -> "Time":
        return cls(_ZERO * SECOND)

    @property
    def local(self) -> datetime:
        """Without what goes beyond the whole second. Raises CallError outside years 1 to 9999."""
        try:
            return (_EPOCH + timedelta(seconds=self.at // SECOND)).astimezone(self.zone)
        except (OverflowError, ValueError):
            raise CallError("the time lies outside of the years 1 to 9999") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and (self.at, self.zone) == (other.at, other.zone)

    __hash__ = None

    @method("String")
    def text(self) -> str:
        return self.format(DEFAULT)

    @method("Format")
    def format(self, layout: str) -> str:
        return format_time(self.local, self.at % SECOND, layout)

    @method("UTC")
    def utc(self) -> "Time":
        return Time(self.at)

    @method("Local")
    def here(self) -> "Time":
        return Time(self.at, zone_of("Local"))

    @method("IsZero")
    def is_zero(self) -> bool:
        return self.at == _ZERO * SECOND

    @method("Unix")
    def unix(self) -> int:
        return self.at // SECOND

    @method("UnixMilli")
    def unix_milliseconds(self) -> int:
        return self.at // 1_000_000

    @method("UnixNano")
    def unix_nanoseconds(self) -> int:
        return self.at

    @method("Year")
    def year(self) -> int:
        return self.local.year

    @method("Month")
    def month(self) -> "Month":
        return Month(self.local.month)

    @method("Day")
    def day(self) -> int:
        return self.local.day

    @method("YearDay")
    def year_day(self) -> int:
        return self.local.timetuple().tm_yday

    @method("Weekday")
    def weekday(self) -> "Weekday":
        return Weekday(self.local.isoweekday() % 7)

    @method("Hour")
    def hour(self) -> int:
        return self.local.hour

    @method("Minute")
    def minute(self) -> int:
        return self.local.minute

    @method("Second")
    def second(self) -> int:
        return self.local.second

    @method("Nanosecond")
    def nanosecond(self) -> int:
        return self.at % SECOND

    @method("Add")
    def later(self, duration: Duration) -> "Time":
        return Time(self.at + duration, self.zone)

    @method("Sub")
    def since(self, other: "Time") -> Duration:
        return Duration(self.at - other.at)

    @method("Before")
    def before(self, other: "Time") -> bool:
        return self.at < other.at

    @method("After")
    def after(self, other: "Time") -> bool:
        return self.at > other.at

    @method("Equal")
    def equal(self, other: "Time") -> bool:
        return self.at == other.at


class Month(Named, int):
    """1 to 12."""

    go_type = "time.Month"

    @method("String")
    def text(self) -> str:
        return format_time(datetime(2000, self, 1, tzinfo=UTC), 0, "January")


class Weekday(Named, int):
    """0 is Sunday."""

    go_type = "time.Weekday"

    @method("String")
    def text(self) -> str:
        return format_time(datetime(2000, 1, 2 + self, tzinfo=UTC), 0, "Monday")


def zone_of(name: str) -> tzinfo:
    """By its name in the database of time zones. Raises CallError."""
    if name in ("", "UTC"):
        return UTC
    try:
        return _machine() if name == "Local" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CallError(f"there is no time zone {name!r}; write one such as Europe/Paris") from None


def _machine() -> tzinfo:
    with Path("/etc/localtime").open("rb") as file:
        return ZoneInfo.from_file(file)


def _decimal(count: int, size: int) -> str:
    whole, rest = divmod(count, size)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(size)) - 1)}".rstrip("0")


def _toward_zero(count: int, size: int) -> int:
    return (abs(count) // size) * (-1 if count < 0 else 1)
