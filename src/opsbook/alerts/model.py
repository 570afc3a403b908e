"""Alerts as they come, are kept, and are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from opsbook.alerts.fingerprint import fingerprint, fingerprints
from opsbook.core.labels import Labels


@dataclass(frozen=True)
class Alert:
    """Something is wrong, or was until `ends_at`. Times in seconds since 1970."""

    labels: Labels
    annotations: Labels
    starts_at: float
    ends_at: float
    """When it ended; or, while it lasts, when it is taken to have ended if nobody repeats it."""
    updated_at: float
    """When it was last heard of."""
    generator_url: str = ""
    """Where to look at what raised it."""
    timeout: bool = False
    """Whether `ends_at` was set for want of one that its sender gave."""

    @cached_property
    def fingerprint(self) -> str:
        """What tells its labels from all others: 16 hexadecimal digits."""
        return fingerprint(self.labels)

    @property
    def name(self) -> str:
        return next((value for name, value in self.labels if name == "alertname"), "")

    def resolved(self, now: float) -> bool:
        return self.ends_at <= now


def compute_fingerprints(alerts: Sequence[Alert]) -> None:
    """Those of all at once, which takes a fraction of the time that each would take alone."""
    for alert, number in zip(alerts, fingerprints([each.labels for each in alerts]), strict=True):
        vars(alert)["fingerprint"] = number


@dataclass(frozen=True, slots=True)
class Notice:
    """What one receiver is to be told of one group, at one time."""

    receiver: str
    """The receiver's name in the configuration."""
    group_key: str
    """What the same group has in every notice of it: the route's path and the group's labels."""
    group_labels: Labels
    alerts: tuple[Alert, ...]
    """Firing and resolved, in the order in which they are shown."""
    at: float
    """When it was made; alerts that ended before are resolved in it."""
    external_url: str
    """Where people open Opsbook."""
    truncated: int = 0
    """Alerts of the group that were left out."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """More for templates: why it comes, what was tried."""

    @property
    def firing(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.alerts if not alert.resolved(self.at))

    @property
    def resolved(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.alerts if alert.resolved(self.at))

    @property
    def status(self) -> str:
        """`firing` while one of its alerts is, else `resolved`."""
        return "firing" if self.firing else "resolved"
