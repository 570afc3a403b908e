"""How a target stands, as Prometheus' `/api/v1/targets` shows it."""

from dataclasses import dataclass
from typing import Literal

from opsbook.core.labels import Labels


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One target; times in seconds since 1970, durations in seconds."""

    job: str
    """The job's name in the configuration (Prometheus' scrape pool)."""
    url: str
    discovered: Labels
    """Before relabelling."""
    labels: Labels
    """What every series of it carries."""
    health: Literal["up", "down", "unknown"]
    error: str
    """Why the last scrape failed; empty where it did not."""
    last_scrape: float | None
    last_duration: float | None
    interval: float
    timeout: float
    key: str = ""
    """Under which the catalogue knows what it exposes."""


@dataclass(frozen=True, slots=True)
class DroppedTarget:
    """Was found, and relabelling took it out."""

    job: str
    discovered: Labels
