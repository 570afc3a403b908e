"""States, measurements and outcomes: what a probe run found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

Value = float | int | str | bool
"""One measured value. Numbers are in base units: seconds, bytes, percent from 0 to 100."""

Measurements = dict[str, Value]
"""What a probe measured, by name. What it could not measure is absent, never 0."""


class State(StrEnum):
    """How a check or a service stands. `maintenance` lies over the others."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    LATE = "late"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"

    @property
    def severity(self) -> int:
        """Greater is worse: up 0, maintenance 1, degraded 2, late 3, unknown 4, down 5."""
        return _SEVERITY[self]


_SEVERITY = {
    State.UP: 0,
    State.MAINTENANCE: 1,
    State.DEGRADED: 2,
    State.LATE: 3,
    State.UNKNOWN: 4,
    State.DOWN: 5,
}


def worst(states: Iterable[State]) -> State:
    """The worst of some states; UNKNOWN if there are none, for nothing was looked at."""
    return max(states, key=lambda state: state.severity, default=State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One condition held against one run: `actual` is None when nothing was measured."""

    measurement: str
    rule: str
    actual: Value | None
    state: State

    def __str__(self) -> str:
        actual = "missing" if self.actual is None else self.actual
        shown = f"{actual:.6g}" if isinstance(actual, float) else str(actual)
        return f"{self.measurement} {self.rule} (is {shown})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a check found. `at` in seconds since 1970, `duration` in seconds."""

    at: float
    duration: float
    state: State
    message: str
    measurements: Measurements = field(default_factory=dict)
    conditions: tuple[Judgement, ...] = ()
