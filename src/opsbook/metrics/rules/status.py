"""How rules and groups stand, as Prometheus' `/api/v1/rules` shows it."""

from dataclasses import dataclass
from typing import Literal

from opsbook.metrics.rules.rule import Rule

Health = Literal["unknown", "ok", "err"]
"""In the words of Prometheus' API; unknown until the first evaluation."""


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """Times in seconds since 1970, durations in seconds."""

    rule: Rule
    health: Health
    error: str
    """Why the last evaluation failed; empty where it did not."""
    last_evaluation: float | None
    duration: float | None
    samples: int
    """Kept by the last evaluation that went well."""


@dataclass(frozen=True, slots=True)
class GroupStatus:
    name: str
    file: str
    interval: float
    limit: int
    rules: tuple[RuleStatus, ...]
    last_evaluation: float | None
    duration: float | None
    evaluated: int
    """Evaluations since the start."""
    missed: int
    """Evaluations left out since the start: the one before had not ended, or nobody ran."""
