"""What drills announce."""

from dataclasses import dataclass

from opsbook.drills.model import Evidence


@dataclass(frozen=True, slots=True)
class DrillEnded:
    """A drill hurt something and everything is as it was; `at` in seconds since 1970."""

    drill: str
    at: float
    evidence: Evidence
