"""The alerts of one rule: from pending to firing, and kept for a while when they have ended.

Specification: Prometheus' alerting rules. Times are ms since 1970.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from opsbook.core.labels import Labels
from opsbook.metrics.promql.errors import failed

RESEND = 60_000
"""A firing alert, or one that has ended, is told again when it was not told for so long."""
_KEPT_ENDED = 15 * 60_000
"""For so long it is told again that an alert has ended: a receiver that was away learns it."""


class Finding(NamedTuple):
    """What an evaluation says of one alert; annotations may be empty texts."""

    annotations: Labels
    value: float


@dataclass(slots=True)
class ActiveAlert:
    """One alert while it lasts, and for a while after."""

    labels: Labels
    annotations: Labels
    value: float
    active_at: int
    """When the condition began to hold."""
    state: Literal["inactive", "pending", "firing"] = "pending"
    fired_at: int | None = None
    resolved_at: int | None = None
    keep_firing_since: int | None = None
    """When the condition ceased to hold, while the alert is kept firing."""
    sent_at: int | None = None
    valid_until: int = 0
    """Until when those who were told believe it, if they hear nothing more."""

    def needs_sending(self, at: int) -> bool:
        if self.state == "pending":
            return False
        if self.sent_at is None:
            return True
        resolved = self.resolved_at is not None and self.resolved_at > self.sent_at
        return resolved or self.sent_at + RESEND < at


class ActiveAlerts:
    """All alerts of one rule. Not for several threads at once."""

    def __init__(self, hold: int, keep_firing_for: int, limit: int) -> None:
        """How long an alert is pending, and how long it is kept firing; most alerts, or 0."""
        self._hold, self._keep, self._limit = hold, keep_firing_for, limit
        self._alerts: dict[Labels, ActiveAlert] = {}

    def __iter__(self) -> Iterator[ActiveAlert]:
        return iter(self._alerts.values())

    def active(self) -> list[ActiveAlert]:
        """Those that are pending or firing."""
        return [alert for alert in self._alerts.values() if alert.state != "inactive"]

    def put(self, alert: ActiveAlert) -> None:
        """Go on with an alert that is known from before."""
        self._alerts[alert.labels] = alert

    def update(
        self, found: Mapping[Labels, Finding], at: int, held: Collection[Labels] = ()
    ) -> None:
        """Take what an evaluation found; those in `held` fire on though they were not found.

        Raises QueryError beyond the limit, and then forgets all, as Prometheus does.
        """
        for labels, (annotations, value) in found.items():
            known = self._alerts.get(labels)
            if known is not None and known.state != "inactive":
                known.annotations, known.value = annotations, value
            else:
                self._alerts[labels] = ActiveAlert(labels, annotations, value, at)
        for labels, alert in list(self._alerts.items()):
            if labels in found or (alert.state == "firing" and labels in held):
                alert.keep_firing_since = None
            else:
                self._missed(alert, at)
            if alert.state == "pending" and at - alert.active_at >= self._hold:
                alert.state, alert.fired_at = "firing", at
        count = len(self.active())
        if 0 < self._limit < count:
            self._alerts.clear()
            raise failed(f"exceeded limit of {self._limit} with {count} alerts")

    def due(self, at: int, interval: int) -> list[ActiveAlert]:
        """What is to be told now, noted as told: it is to be believed for four intervals, so that
        two evaluations may fail."""
        told = []
        for alert in self._alerts.values():
            if alert.needs_sending(at):
                alert.sent_at = at
                alert.valid_until = at + 4 * max(interval, RESEND)
                told.append(replace(alert))
        return told

    def end(self, at: int) -> list[ActiveAlert]:
        """End all that fire; those."""
        firing = [alert for alert in self._alerts.values() if alert.state == "firing"]
        self._alerts.clear()
        return [replace(alert, state="inactive", resolved_at=at) for alert in firing]

    def _missed(self, alert: ActiveAlert, at: int) -> None:
        if alert.state == "firing" and self._keep > 0:
            if alert.keep_firing_since is None:
                alert.keep_firing_since = at
            if at - alert.keep_firing_since < self._keep:
                return
        ended = alert.resolved_at is not None and at - alert.resolved_at > _KEPT_ENDED
        if alert.state == "pending" or ended:
            del self._alerts[alert.labels]
        if alert.state != "inactive":
            alert.state, alert.resolved_at = "inactive", at
