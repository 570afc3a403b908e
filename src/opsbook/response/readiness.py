"""Whether the time has come to try something, and whether it is still needed."""

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.core.clock import Clock
from opsbook.incidents.model import Incident
from opsbook.incidents.service import Incidents
from opsbook.response.attempt import Attempt
from opsbook.response.holds import Holds
from opsbook.services.life import Phase
from opsbook.services.service import Services

_INCIDENT_WITHIN = 6.0
"""Seconds for which the incident that an alert opens is waited for: its run is to be in it.
Incidents look again at alerts that had to wait every 5 s."""


class Readiness:
    """Reads; changes nothing."""

    def __init__(
        self,
        holds: Holds,
        alerting: Alerting,
        incidents: Incidents,
        services: Services,
        clock: Clock,
    ) -> None:
        self._holds, self._alerting, self._incidents = holds, alerting, incidents
        self._services, self._clock = services, clock

    def lasts(self, attempt: Attempt) -> bool:
        """Whether what it answers has not ended."""
        if attempt.of_death:
            keeper = self._services.keepers.get(attempt.service)
            return keeper is None or keeper.phase is Phase.NEEDS_PERSON
        return self._firing(attempt) is not None

    def ready(self, attempt: Attempt) -> bool:
        """Not while restarts may mend it, while something else is the cause or people are at
        work, nor while something is tried on the same service."""
        held_up = self.is_quiet(attempt) or self._is_busy(attempt)
        return self._is_settled(attempt) and not held_up

    def placed(self, attempt: Attempt, since: float) -> bool:
        """Whether its incident is there, or none has come since then, in monotonic seconds."""
        late = self._clock.monotonic() >= since + _INCIDENT_WITHIN
        return late or self.incident(attempt) is not None or not self._opens_incident(attempt)

    def incident(self, attempt: Attempt) -> Incident | None:
        """The one in which what it answers is."""
        for incident in self._incidents.watched:
            if attempt.of_death and incident.live and attempt.service in incident.services:
                return incident
            if attempt.key in self._incidents.alerts_of(incident):
                return incident
        return None

    def _firing(self, attempt: Attempt) -> Alert | None:
        alert = self._alerting.board.alerts.get(attempt.key)
        return None if alert is None or alert.resolved(self._clock.now()) else alert

    def is_quiet(self, attempt: Attempt) -> bool:
        """Whether nobody would be told of it even if nothing were tried."""
        alert = self._firing(attempt)
        if alert is None:
            return False
        muting = self._alerting.muting(alert)
        return bool(muting) and not muting.mending

    def _is_settled(self, attempt: Attempt) -> bool:
        """Whether neither restarts are at work on its service nor somebody has stopped it."""
        keeper = self._services.keepers.get(attempt.service)
        return keeper is None or keeper.phase in (Phase.RUNNING, Phase.NEEDS_PERSON)

    def _is_busy(self, attempt: Attempt) -> bool:
        return bool(attempt.service) and any(
            other.under_way and other.service == attempt.service
            for other in self._holds.attempts.values()
            if other is not attempt
        )

    def _opens_incident(self, attempt: Attempt) -> bool:
        alert = self._firing(attempt)
        return attempt.of_death or (alert is not None and self._incidents.opens_for(alert))
