"""What alerts and services announce, until an incident has taken it."""

import asyncio
from collections.abc import Iterable

from opsbook.alerts.events import AlertFired
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.settings import IncidentSettings
from opsbook.incidents.signals import Signal, of_alerts, of_death
from opsbook.metrics.matching import matching
from opsbook.services.events import NeedsPerson, ServiceDied, ServiceUnwell, ServiceVerified

_AT_ONCE = 200
"""Alerts that are looked at before others have their turn on the event loop."""
_AGAIN = 5.0
"""Seconds after which an alert that had to wait is looked at again."""


class Inbox:
    """Holds alerts back while they are silenced, or while a restart may still mend them."""

    def __init__(
        self, settings: IncidentSettings, bus: Bus, clock: Clock, evidence: Evidence
    ) -> None:
        self.arrived = asyncio.Event()
        self._settings, self._clock, self._evidence = settings, clock, evidence
        self._wanted = [matching(parse_matchers(each)) for each in settings.open_for]
        self._new: dict[str, Alert] = {}
        self._waiting: dict[str, Alert] = {}
        self._look_again_at = 0.0
        self._deaths: list[Signal] = []
        self._began: dict[str, float] = {}
        """Service → when its trouble began, until it is verified."""
        bus.subscribe(AlertFired, lambda event: self.put([event.alert]))
        bus.subscribe(ServiceDied, lambda event: self._begin(event.service))
        bus.subscribe(ServiceUnwell, lambda event: self._begin(event.service))
        bus.subscribe(ServiceVerified, self._verified)
        bus.subscribe(NeedsPerson, self._died)

    def put(self, alerts: Iterable[Alert]) -> None:
        """Take alerts that fire; those for which no incident is opened are let go."""
        for alert in alerts:
            if self.wants(alert):
                self._new[alert.fingerprint] = alert
                self.arrived.set()

    def wants(self, alert: Alert) -> bool:
        """Whether an alert opens an incident."""
        return any(meets(alert.labels) for meets in self._wanted)

    def give_back(self, signals: Iterable[Signal], alerts: Iterable[Alert]) -> None:
        """They could not be written down: they come again."""
        self._deaths += [each for each in signals if each.death]
        self._waiting |= {alert.fingerprint: alert for alert in alerts}

    async def ready(self) -> tuple[list[Signal], list[Alert]]:
        """What has come and need not wait any longer: as signals, and the alerts in them."""
        deaths, self._deaths = self._deaths, []
        looked, self._new = self._new, {}
        if self._clock.monotonic() >= self._look_again_at:
            self._look_again_at = self._clock.monotonic() + _AGAIN
            looked, self._waiting = {**self._waiting, **looked}, {}
        alerts: list[Alert] = []
        for number, alert in enumerate(looked.values(), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if not self._evidence.fires(alert.fingerprint):
                continue
            if self._evidence.held(alert):
                self._waiting[alert.fingerprint] = alert
            else:
                alerts.append(alert)
        return [*deaths, *of_alerts(alerts, self._settings)], alerts

    def _begin(self, service: str) -> None:
        self._began.setdefault(service, self._clock.now())

    def _verified(self, event: ServiceVerified) -> None:
        self._began.pop(event.service, None)

    def _died(self, event: NeedsPerson) -> None:
        now = self._clock.now()
        began = self._began.get(event.service, now)
        self._deaths.append(of_death(event.service, event.reason, began, self._settings.worst, now))
        self.arrived.set()
