"""Bands: which values meet a target, and which are a warning or critical."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from opsbook.metrics.kpis.unit import Unit

Direction = Literal["higher", "lower", "band"]
Limit = float | str | Annotated[list[float | str], Field(min_length=2, max_length=2)]
"""A number, or one with its unit and perhaps a sign; for a band the two ends."""

_SIGNED = re.compile(r"\s*(>=|<=|≥|≤|>|<)?\s*(.*)", re.DOTALL)
_SIGNS = {">=": "≥", "<=": "≤"}
_GOOD = {"higher": (">", "≥"), "lower": ("<", "≤")}
_BAD = {"higher": ("<", "≤"), "lower": (">", "≥")}


class KpiState(StrEnum):
    """How a KPI stands."""

    MET = "met"
    OFF_TARGET = "off_target"
    """Between the target and the warning: acceptable."""
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    """Nothing was measured, or it could not be evaluated."""

    @property
    def severity(self) -> int:
        """Greater is worse; what is unknown may be anything short of seen to be critical."""
        return _SEVERITY.index(self)

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


_SEVERITY = (
    KpiState.MET,
    KpiState.OFF_TARGET,
    KpiState.WARNING,
    KpiState.UNKNOWN,
    KpiState.CRITICAL,
)


@dataclass(frozen=True, slots=True)
class Zone:
    """Values from `low` to `high`; whether the ends belong to it. `text` as people write it."""

    low: float
    high: float
    with_ends: bool
    text: str

    def __contains__(self, value: float) -> bool:
        return (self.low < value or (value == self.low and self._has(value))) and (
            value < self.high or (value == self.high and self._has(value))
        )

    def within(self, other: "Zone") -> bool:
        """Whether each of its values is the other's too."""
        return all(
            inside or (own == its and (other._has(its) or not self._has(own)))
            for own, its, inside in (
                (self.low, other.low, other.low < self.low),
                (self.high, other.high, self.high < other.high),
            )
        )

    def _has(self, end: float) -> bool:
        return self.with_ends or math.isinf(end)


@dataclass(frozen=True, slots=True)
class Bands:
    """Each zone lies within the next: the values that are no worse than its name."""

    target: Zone
    warning: Zone | None
    """Values that are no warning yet."""
    critical: Zone | None
    """Values that are not critical yet."""

    def judge(self, value: float) -> KpiState:
        if math.isnan(value):
            return KpiState.UNKNOWN
        if value in self.target:
            return KpiState.MET
        if self.critical is not None and value not in self.critical:
            return KpiState.CRITICAL
        if self.warning is not None and value in self.warning:
            return KpiState.OFF_TARGET
        return KpiState.WARNING

    def margin(self, value: float) -> float:
        """How far a value is within the target, below 0 outside of it: less is worse."""
        low, high = self.target.low, self.target.high
        above = math.inf if math.isinf(low) else value - low
        below = math.inf if math.isinf(high) else high - value
        return min(above, below)


def read_target(limit: Limit, direction: Direction, unit: Unit) -> Zone:
    """`99.9 %`, `"> 99.9 %"`, or `[40 %, 60 %]`: what meets the target. Raises ValueError."""
    if direction == "band":
        return _band(limit, unit, "from {} to {}")
    sign, value, text = _read(limit, _GOOD[direction], unit)
    with_end = sign in ("", "≥", "≤")
    return _half(value, direction, with_end, f"{sign or _GOOD[direction][1]} {text}")


def read_breach(limit: Limit, direction: Direction, unit: Unit) -> Zone:
    """`99.5 %`, `"< 99.5 %"`, or `[30 %, 70 %]`: what does not breach it. Raises ValueError."""
    if direction == "band":
        return _band(limit, unit, "outside {} to {}")
    sign, value, text = _read(limit, _BAD[direction], unit)
    with_end = sign in ("", "<", ">")
    return _half(value, direction, with_end, f"{sign or _BAD[direction][0]} {text}")


def _half(value: float, direction: Direction, with_end: bool, text: str) -> Zone:
    if direction == "higher":
        return Zone(value, math.inf, with_end, text)
    return Zone(-math.inf, value, with_end, text)


def _band(limit: Limit, unit: Unit, text: str) -> Zone:
    if not isinstance(limit, list):
        raise ValueError("a band has two ends: write [low, high]")
    (low, low_text), (high, high_text) = (_quantity(end, unit) for end in limit)
    if low > high:
        raise ValueError("the ends are in the wrong order: write [low, high]")
    return Zone(low, high, True, text.format(low_text, high_text))


def _read(limit: Limit, signs: tuple[str, str], unit: Unit) -> tuple[str, float, str]:
    """The sign if there is one, the value, and the value as it is written."""
    if isinstance(limit, list):
        raise ValueError("only a band has two ends: write one value, or direction: band")
    found = _SIGNED.fullmatch(limit) if isinstance(limit, str) else None
    if found is None:
        return "", *_quantity(limit, unit)
    sign = _SIGNS.get(found[1] or "", found[1] or "")
    if sign and sign not in signs:
        raise ValueError(f"the sign does not fit the direction: write {' or '.join(signs)}")
    return sign, *_quantity(found[2], unit)


def _quantity(value: float | str, unit: Unit) -> tuple[float, str]:
    if isinstance(value, str):
        return unit.read(value.strip()), value.strip()
    return value, unit.text(value)
