"""Durations, sizes and percentages as people write them."""

import re

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3_600.0,
    "d": 86_400.0,
    "w": 604_800.0,
}
_BYTES = {
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGTP", start=1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGTP", start=1)},
}
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile(rf"(?:{_NUMBER}\s*(ns|us|µs|ms|s|m|h|d|w)\s*)+")
_DURATION_PART = re.compile(rf"{_NUMBER}\s*(ns|us|µs|ms|s|m|h|d|w)")
_SIZE = re.compile(rf"{_NUMBER}\s*([kKMGTP]?i?B)")
_PERCENT = re.compile(rf"(-?){_NUMBER}\s*%")


def parse_duration(text: str) -> float:
    """`1m30s`, `250ms`, `1.5h` as seconds. Raises ValueError on anything else."""
    if not _DURATION.fullmatch(text.strip()):
        raise ValueError("not a duration: write a number and a unit, such as 250ms, 10s or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def parse_size(text: str) -> int:
    """`10 GiB` (powers of 1024) or `10 GB` (powers of 1000) as bytes. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if not found or found[2] not in _BYTES:
        raise ValueError("not a size: write a number and a unit, such as 512 MiB or 10 GB")
    return int(float(found[1]) * _BYTES[found[2]])


def parse_percent(text: str) -> float:
    """`80 %` as 80.0. Raises ValueError."""
    found = _PERCENT.fullmatch(text.strip())
    if not found:
        raise ValueError("not a percentage: write a number and a sign, such as 80 %")
    return float(found[1] + found[2])


def parse_quantity(text: str) -> float:
    """A number with any of the units above, in seconds, bytes or percent. Raises ValueError."""
    for parse in (parse_percent, parse_duration, parse_size):
        try:
            return parse(text)
        except ValueError:
            continue
    raise ValueError("not a quantity: write a number with a unit, such as 200ms, 80 % or 10 GiB")


def format_duration(seconds: float) -> str:
    """Seconds for people: `4.7 ms`, `12.3 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, hours, days = round(seconds / 60), int(seconds // 3600), int(seconds // 86_400)
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes - hours * 60} min".removesuffix(" 0 min")
    return f"{days} d {hours - days * 24} h".removesuffix(" 0 h")


def format_size(count: float) -> str:
    """Bytes for people, in powers of 1024: `512 B`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(count) < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} PiB"
