"""Why an alert of our own need not be told: its cause is told, or people are at work."""

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.origin import Origin
from opsbook.core.clock import Clock
from opsbook.probes.watch import Watch


class Suppression:
    """Says so of alerts that fire. Their end is told, to whoever heard of them."""

    def __init__(self, watch: Watch, clock: Clock, origin: Origin) -> None:
        self._watch, self._clock, self._origin = watch, clock, origin

    def __call__(self, alert: Alert) -> str:
        """The reason; empty where the alert is to be told."""
        if alert.resolved(self._clock.now()) or not self._origin.raised(alert):
            return ""
        labels = dict(alert.labels)
        check = self._watch.checks.get(labels.get("check", ""))
        service = check.settings.service if check else labels.get("service")
        if ordered := self._watch.covered(service):
            return ordered
        if self._watch.in_maintenance(service):
            return f"maintenance of {service}" if service else "maintenance"
        cause = self._watch.cause(check) if check else None
        return f"behind {cause}" if cause else ""
