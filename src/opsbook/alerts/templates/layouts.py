"""Times as text by an example, as Go's `time` writes them: the example is the second of January
2006, four minutes and five seconds past three in the afternoon, seven hours west of Greenwich.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

DEFAULT = "2006-01-02 15:04:05.999999999 -0700 MST"
RFC3339 = "2006-01-02T15:04:05.999999999Z07:00"
_PART = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|002|__2|0[1-6]|15|_2(?!006)|[12345]|PM|pm"
    r"|[-Z]07(?:00(?:00)?|:00(?::00)?)?|[.,](?:0+|9+)(?!\d)"
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def format_time(time: datetime, nanoseconds: int, layout: str) -> str:
    """`nanoseconds` is what goes beyond the whole second; the time's own are not looked at."""

    def part(found: re.Match[str]) -> str:
        word = found[0]
        if word[0] in ".,":
            return _fraction(word, nanoseconds)
        if word[0] in "-Z":
            return _offset(word, time.utcoffset() or timedelta())
        return _PARTS[word](time)

    return _PART.sub(part, layout)


def _fraction(word: str, nanoseconds: int) -> str:
    digits = f"{nanoseconds:09d}"[: len(word) - 1]
    if word[1] == "0":
        return word[0] + digits
    return (word[0] + digits).rstrip("0").rstrip(".,")


def _offset(word: str, offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    if word[0] == "Z" and seconds == 0:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    fields = [f"{hours:02d}", f"{rest // 60:02d}", f"{rest % 60:02d}"]
    kept = fields[: len(word.replace(":", "")) // 2]
    return ("-" if seconds < 0 else "+") + (":" if ":" in word else "").join(kept)


def _zone(time: datetime) -> str:
    return time.tzname() or _offset("-0700", time.utcoffset() or timedelta())


_PARTS: dict[str, Callable[[datetime], str]] = {
    "January": lambda time: _MONTHS[time.month - 1],
    "Jan": lambda time: _MONTHS[time.month - 1][:3],
    "Monday": lambda time: _DAYS[time.weekday()],
    "Mon": lambda time: _DAYS[time.weekday()][:3],
    "MST": _zone,
    "2006": lambda time: f"{time.year:04d}",
    "06": lambda time: f"{time.year % 100:02d}",
    "01": lambda time: f"{time.month:02d}",
    "1": lambda time: str(time.month),
    "02": lambda time: f"{time.day:02d}",
    "_2": lambda time: f"{time.day:2d}",
    "2": lambda time: str(time.day),
    "002": lambda time: f"{time.timetuple().tm_yday:03d}",
    "__2": lambda time: f"{time.timetuple().tm_yday:3d}",
    "15": lambda time: f"{time.hour:02d}",
    "03": lambda time: f"{(time.hour - 1) % 12 + 1:02d}",
    "3": lambda time: str((time.hour - 1) % 12 + 1),
    "04": lambda time: f"{time.minute:02d}",
    "4": lambda time: str(time.minute),
    "05": lambda time: f"{time.second:02d}",
    "5": lambda time: str(time.second),
    "PM": lambda time: "PM" if time.hour >= 12 else "AM",
    "pm": lambda time: "pm" if time.hour >= 12 else "am",
}
