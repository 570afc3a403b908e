"""Conditions: a measurement, a direction, and a warning and a critical band."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from opsbook.book.model import Section
from opsbook.core.units import parse_quantity
from opsbook.probes.model import Judgement, State, Value


def _limit(value: Any) -> Any:
    return parse_quantity(value) if isinstance(value, str) else value


Limit = Annotated[
    float,
    BeforeValidator(_limit),
    WithJsonSchema(
        {"type": ["number", "string"], "examples": [200, "200ms", "80 %", "10 GiB"]},
    ),
]
"""A number, or one with a unit: seconds, bytes and percent are what measurements use."""


class Bands(Section):
    """Two limits: beyond `warning` is degraded, beyond `critical` is down."""

    warning: Limit | None = None
    """Beyond it the check is degraded."""
    critical: Limit | None = None
    """Beyond it the check is down."""

    @model_validator(mode="after")
    def _not_empty(self) -> "Bands":
        if self.warning is None and self.critical is None:
            raise ValueError("empty bands: give warning, critical or both")
        return self


def _bands(value: Any) -> Any:
    return value if isinstance(value, dict | Bands) else {"critical": value}


Limits = Annotated[Bands, BeforeValidator(_bands)]
"""`at_most: 90 %` alone is the critical limit."""

_DIRECTIONS = {
    "at_most": ("≤", lambda value, limit: value <= limit),
    "below": ("<", lambda value, limit: value < limit),
    "at_least": ("≥", lambda value, limit: value >= limit),
    "above": (">", lambda value, limit: value > limit),
}


class Condition(Section):
    """What a measurement has to be. Several rules in one condition must all hold."""

    at_most: Limits | None = None
    """The greatest good value: less is better."""
    below: Limits | None = None
    """Less is better, and the limit itself is a breach."""
    at_least: Limits | None = None
    """The smallest good value: more is better."""
    above: Limits | None = None
    """More is better, and the limit itself is a breach."""
    equals: str | int | float | bool | None = None
    """The only good value."""
    one_of: Annotated[list[str | int | float | bool], Field(min_length=1)] | None = None
    """The good values."""
    contains: str | None = None
    """A part that the text must have."""
    matches: str | None = None
    """A regular expression that must be found in the text."""
    breach: Literal["degraded", "down"] = "down"
    """What a breach of `equals`, `one_of`, `contains` or `matches` means."""
    missing: Literal["up", "degraded", "down", "unknown"] = "unknown"
    """What it means when the measurement is not there."""

    @model_validator(mode="after")
    def _sensible(self) -> "Condition":
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        if not self._rules():
            named = "at_most, below, at_least, above, equals, one_of, contains, matches"
            raise ValueError(f"no rule: give one of {named}")
        for direction in ("at_most", "below", "at_least", "above"):
            self._check_order(direction)
        return self

    def _check_order(self, direction: str) -> None:
        bands: Bands | None = getattr(self, direction)
        if bands is None or bands.warning is None or bands.critical is None:
            return
        lower_is_better = direction in ("at_most", "below")
        if (
            (bands.warning > bands.critical)
            if lower_is_better
            else (bands.warning < bands.critical)
        ):
            order = "below" if lower_is_better else "above"
            raise ValueError(
                f"bands of {direction} in the wrong order: warning must lie {order} critical"
            )

    def _rules(self) -> list["Rule"]:
        rules: list[Rule] = []
        for direction, (sign, holds) in _DIRECTIONS.items():
            bands: Bands | None = getattr(self, direction)
            if bands is not None:
                rules.append(_Bounded(sign, holds, bands))
        if self.equals is not None:
            rules.append(_Listed(f"= {self.equals}", [self.equals], State(self.breach)))
        if self.one_of is not None:
            names = ", ".join(map(str, self.one_of))
            rules.append(_Listed(f"in {names}", self.one_of, State(self.breach)))
        if self.contains is not None:
            pattern = re.compile(re.escape(self.contains))
            rules.append(_Found(f"contains {self.contains!r}", pattern, State(self.breach)))
        if self.matches is not None:
            pattern = re.compile(self.matches)
            rules.append(_Found(f"matches {self.matches!r}", pattern, State(self.breach)))
        return rules


class Rule:
    """One comparison, made ready to be used many times."""

    text: str

    def judge(self, value: Value) -> State:
        raise NotImplementedError


class _Bounded(Rule):
    def __init__(self, sign: str, holds: Any, bands: Bands) -> None:
        self._holds = holds
        self._warning, self._critical = bands.warning, bands.critical
        parts = []
        if bands.warning is not None:
            parts.append(f"{sign} {bands.warning:g} else degraded")
        if bands.critical is not None:
            parts.append(f"{sign} {bands.critical:g}" + (" else down" if parts else ""))
        self.text = ", ".join(parts)

    def judge(self, value: Value) -> State:
        if isinstance(value, str | bool) or value != value:
            return State.UNKNOWN
        if self._critical is not None and not self._holds(value, self._critical):
            return State.DOWN
        if self._warning is not None and not self._holds(value, self._warning):
            return State.DEGRADED
        return State.UP


class _Listed(Rule):
    def __init__(self, text: str, values: list[Any], breach: State) -> None:
        self.text, self._values, self._breach = text, values, breach

    def judge(self, value: Value) -> State:
        # True == 1 in Python, not in a book.
        same = any(
            value == good and isinstance(value, bool) == isinstance(good, bool)
            for good in self._values
        )
        return State.UP if same else self._breach


class _Found(Rule):
    def __init__(self, text: str, pattern: re.Pattern[str], breach: State) -> None:
        self.text, self._pattern, self._breach = text, pattern, breach

    def judge(self, value: Value) -> State:
        return State.UP if self._pattern.search(str(value)) else self._breach


class Conditions:
    """The conditions of one check, ready to judge its measurements."""

    def __init__(self, conditions: dict[str, Condition]) -> None:
        self._rules = [
            (measurement, State(condition.missing), rule)
            for measurement, condition in conditions.items()
            for rule in condition._rules()
        ]

    def judge(self, measurements: dict[str, Value]) -> tuple[Judgement, ...]:
        """Every condition with its actual value, in the order of the book."""
        judged = []
        for measurement, missing, rule in self._rules:
            actual = measurements.get(measurement)
            state = missing if actual is None else rule.judge(actual)
            judged.append(Judgement(measurement, rule.text, actual, state))
        return tuple(judged)
