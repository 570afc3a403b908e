"""Units of KPIs: how their limits are read, and how values are shown."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from opsbook.core.units import (
    format_duration,
    format_size,
    parse_duration,
    parse_percent,
    parse_size,
)
from opsbook.metrics.promql.numbers import short

UnitName = Literal["number", "percent", "ratio", "seconds", "bytes", "bytes/s", "/s"]


@dataclass(frozen=True, slots=True)
class Unit:
    """`read` raises ValueError for a text with another unit."""

    read: Callable[[str], float]
    show: Callable[[float], str]
    """For finite values."""

    def text(self, value: float) -> str:
        """A value for people."""
        return self.show(value) if math.isfinite(value) else short(value)


def _plain(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("not a plain number: write one without a unit, such as 4.5") from None


def _ratio(text: str) -> float:
    return round(parse_percent(text) / 100, 12)  # 99.51 / 100 is a little more than 0.9951


def _per_second(text: str) -> float:
    return _plain(text.removesuffix("/s"))


def _number(value: float) -> str:
    """Six digits, without an exponent for what people count."""
    return short(float(f"{value:.6g}"))


_UNITS = (
    Unit(_plain, _number),
    Unit(parse_percent, lambda value: f"{_number(value)} %"),
    Unit(_ratio, lambda value: f"{_number(value * 100)} %"),
    Unit(parse_duration, format_duration),
    Unit(parse_size, format_size),
    Unit(lambda text: parse_size(text.removesuffix("/s")), lambda value: f"{format_size(value)}/s"),
    Unit(_per_second, lambda value: f"{_number(value)}/s"),
)
UNITS: dict[UnitName, Unit] = dict(zip(get_args(UnitName), _UNITS, strict=True))
