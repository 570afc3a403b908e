"""Numbers for people: `1.2k`, `3.4Gi`, `1h 2m 3s`. As Prometheus' templates write them."""

import math
import re
from collections.abc import Sequence

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.floats import format_float
from opsbook.alerts.templates.language.values import Value, type_name
from opsbook.alerts.templates.times import SECOND, Duration, Time

_GREATER = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALLER = ("", "m", "u", "n", "p", "f", "a", "z", "y")
_BINARY = ("", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_NANOSECONDS = 1 << 63
_NUMBER = re.compile(
    r"[+-]?(?:inf(?:inity)?|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?"
    r"|0x[0-9a-f]+\.?[0-9a-f]*p[+-]?[0-9]{1,4})",
    re.IGNORECASE,
)


def to_float(value: Value) -> float:
    """A number, a duration in seconds, or a text that is a number. Raises CallError."""
    if isinstance(value, Duration):
        return value.seconds()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) is str:
        return _read(value)
    raise CallError(f"{type_name(value)} is not a number")


def _read(text: str) -> float:
    """As Go reads it; Python would also take blanks, underscores and other scripts' digits."""
    if not _NUMBER.fullmatch(text):
        raise CallError(f"{text[:40]!r} is not a number")
    return float.fromhex(text) if "x" in text.lower() else float(text)


def humanize(value: object) -> str:
    number = to_float(value)
    if number == 0 or not math.isfinite(number):
        return _short(number)
    if abs(number) >= 1:
        return _scaled(number, 1 / 1000, _GREATER)
    return _scaled(number, 1000, _SMALLER)


def humanize_1024(value: object) -> str:
    number = to_float(value)
    if abs(number) <= 1 or not math.isfinite(number):
        return _short(number)
    return _scaled(number, 1 / 1024, _BINARY)


def humanize_percentage(value: object) -> str:
    """A ratio: 0.5 is 50%."""
    return f"{_short(to_float(value) * 100)}%"


def humanize_duration(value: object) -> str:
    """Seconds."""
    number = to_float(value)
    if not math.isfinite(number):
        return _short(number)
    if number == 0:
        return f"{_short(number)}s"
    if abs(number) < 1:
        return f"{_scaled(number, 1000, _SMALLER)}s"
    sign, whole = "-" * (number < 0), int(abs(number))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{_short(abs(number))}s"


def humanize_timestamp(value: object) -> str:
    """Seconds since 1970."""
    number = to_float(value)
    return to_time(number).text() if math.isfinite(number) else _short(number)


def to_time(value: object) -> Time:
    """Seconds since 1970, to the millisecond."""
    return Time(_nanoseconds(to_float(value), "time") // 1_000_000 * 1_000_000)


def to_duration(value: object) -> Duration:
    """Seconds."""
    return Duration(_nanoseconds(to_float(value), "duration"))


def _nanoseconds(seconds: float, what: str) -> int:
    nanoseconds = seconds * SECOND
    if not -_NANOSECONDS <= nanoseconds < _NANOSECONDS:
        raise CallError(f"{format_float(seconds)} s is too far off to be a {what}")
    return int(nanoseconds)


def _scaled(number: float, step: float, prefixes: Sequence[str]) -> str:
    """With the first prefix under which the number is neither too great nor too small."""
    prefix = ""
    for each in prefixes[1:]:
        if abs(number) >= 1 if step > 1 else abs(number) < 1 / step:
            break
        number, prefix = (number * step if step > 1 else number / (1 / step)), each
    return _short(number) + prefix


def _short(number: float) -> str:
    return format_float(number, "g", 4)
