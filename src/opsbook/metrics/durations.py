"""Durations as Prometheus' files have them: `1h30m`, `500ms`, `0`."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
"""Milliseconds, in the order in which Prometheus wants them."""
_TEXT = re.compile("".join(rf"(?:(\d+){unit})?" for unit in _UNITS), re.ASCII)
_LONGEST = 2**63 // 10**6
"""Milliseconds that Prometheus can hold in nanoseconds."""


def parse_duration(text: str) -> float:
    """Seconds. Raises ValueError on anything that Prometheus would not take."""
    if text == "0":
        return 0.0
    found = _TEXT.fullmatch(text)
    if not found or not text:
        raise ValueError(
            "not a duration: write, for example, 15s, 1h30m or 1d, the largest unit first"
        )
    counts = zip(found.groups(), _UNITS.values(), strict=True)
    milliseconds = sum(int(count) * unit for count, unit in counts if count)
    if milliseconds > _LONGEST:
        raise ValueError("a duration of more than 292 years")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """As Prometheus writes it: `1h30m`; years and weeks only where nothing is left over."""
    left = round(seconds * 1000)
    if left == 0:
        return "0s"
    text = ""
    for unit, length in _UNITS.items():
        if left >= length and (unit not in "yw" or left % length == 0):
            text += f"{left // length}{unit}"
            left %= length
    return text


def _read(value: Any) -> Any:
    if isinstance(value, str):
        return parse_duration(value)
    return parse_duration(str(value)) if isinstance(value, int | float) else value


PrometheusDuration = Annotated[
    float,
    BeforeValidator(_read),
    WithJsonSchema(
        {
            "type": "string",
            "description": "whole numbers with units, the largest first: y, w, d, h, m, s, ms",
            "examples": ["30s", "5m", "1h30m"],
        }
    ),
]
"""A length of time in seconds, written as Prometheus has it."""
