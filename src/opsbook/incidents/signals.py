"""Alerts and deaths, put together into signs of trouble that open or join incidents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from opsbook.alerts.model import Alert
from opsbook.incidents.causes import Cause
from opsbook.incidents.settings import IncidentSettings


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that shows trouble, with all that came together with it."""

    title: str
    severity: str
    cause: Cause
    began_at: float | None
    alerts: frozenset[str] = frozenset()
    """Fingerprints."""
    checks: frozenset[str] = frozenset()
    death: bool = False
    """Whether a service has died for good: its incident is the same, however old."""


def of_death(service: str, reason: str, began_at: float, severity: str, now: float) -> Signal:
    """A service that no restart has mended."""
    cause = Cause(frozenset([service]), frozenset(), now, now)
    return Signal(f"{service}: {reason}", severity, cause, began_at, death=True)


def of_alerts(alerts: Iterable[Alert], settings: IncidentSettings) -> list[Signal]:
    """One for all alerts of a service, or of a name where they are about no service, that are
    near each other in time."""
    groups: dict[tuple[str, str], _Group] = {}
    for alert in alerts:
        labels = dict(alert.labels)
        service = labels.get("service", "")
        key = (service, "" if service else alert.name)
        groups.setdefault(key, _Group(*key)).alerts.append(alert)
    return [each for group in groups.values() for each in group.signals(settings)]


@dataclass
class _Group:
    service: str
    name: str
    alerts: list[Alert] = field(default_factory=list)

    def signals(self, settings: IncidentSettings) -> Iterator[Signal]:
        self.alerts.sort(key=lambda each: each.starts_at)
        near: list[Alert] = []
        for alert in self.alerts:
            if near and alert.starts_at - near[-1].starts_at > settings.join_within:
                yield self._signal(near, settings)
                near = []
            near.append(alert)
        yield self._signal(near, settings)

    def _signal(self, alerts: list[Alert], settings: IncidentSettings) -> Signal:
        first = alerts[0]
        services = frozenset([self.service] if self.service else [])
        names = frozenset([] if self.service else [self.name])
        severity, checks = settings.severity_of_label(_label(first, "severity")), set[str]()
        for alert in alerts:
            severity = settings.worse(
                severity, settings.severity_of_label(_label(alert, "severity"))
            )
            checks.add(_label(alert, "check"))
        return Signal(
            title=_title(first),
            severity=severity,
            cause=Cause(services, names, first.starts_at, alerts[-1].starts_at),
            began_at=first.starts_at,
            alerts=frozenset(each.fingerprint for each in alerts),
            checks=frozenset(checks - {""}),
        )


def _label(alert: Alert, wanted: str) -> str:
    return next((value for name, value in alert.labels if name == wanted), "")


def _title(alert: Alert) -> str:
    said = dict(alert.annotations)
    return said.get("summary") or said.get("description") or alert.name or alert.fingerprint
