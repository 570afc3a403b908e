"""The attempts there are, and what they keep from people meanwhile."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator

from opsbook.alerts.delivery.mender import Mender
from opsbook.alerts.model import Alert
from opsbook.core.clock import Clock
from opsbook.incidents.fixes import Fixes
from opsbook.incidents.model import Incident
from opsbook.response.attempt import Attempt, Stage, death_key
from opsbook.response.choice import Choice

_MOST = 200
"""Attempts at once; what comes beyond them is told as if nothing answered it: it is a storm."""


class Holds(Mender, Fixes):
    """What is asked about for the first time is an attempt from then on: no notice of it leaves
    before it was seen."""

    def __init__(
        self,
        choice: Choice,
        known: dict[str, Attempt],
        audible: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        """`known` are those of an earlier life. `audible` says of a fingerprint whether its alert
        fires and nothing keeps it quiet."""
        self.attempts = known
        self.arrived = asyncio.Event()
        """Set when there is a new one."""
        self._choice, self._audible, self._clock = choice, audible, clock
        now = clock.now()
        for each in known.values():
            # A clock that was set back meanwhile must not keep it from people for so long.
            each.hold_until = min(each.hold_until, now + each.response.hold)
        self._new: list[Attempt] = []

    def shift(self, seconds: float) -> None:
        """The clock was set by so many seconds: nothing is held for longer, or less long."""
        for each in self.attempts.values():
            each.hold_until += seconds

    def take(self) -> list[Attempt]:
        """Those that nobody carries yet."""
        new, self._new = self._new, []
        return new

    def see(self, alert: Alert) -> Attempt | None:
        """The attempt that answers an alert that fires; None where the book has nothing for it."""
        known = self.attempts.get(alert.fingerprint)
        if known and (alert.starts_at <= known.seen_at or known.stage is Stage.CHOSEN):
            return known
        return self._begin(self._choice.of_alert(alert, self._clock.now()))

    def die(self, service: str, began_at: float) -> None:
        """A service needs a person. As long as it was not well since, it is the same death."""
        known = self.attempts.get(death_key(service))
        if known is None or known.over:
            self._begin(self._choice.of_death(service, began_at, self._clock.now()))

    def revive(self, service: str) -> None:
        """A service was verified: if it needs a person again, that is another death."""
        known = self.attempts.get(death_key(service))
        if known is not None and known.stage is not Stage.CHOSEN:
            known.over = True

    def forget(self, attempt: Attempt) -> None:
        if self.attempts.get(attempt.key) is attempt:
            del self.attempts[attempt.key]

    def of(self, incident: Incident, alerts: Collection[str]) -> list[Attempt]:
        """Those that answer what an incident is about."""
        deaths = set(map(death_key, incident.services))
        known = self.attempts.values()
        return [each for each in known if each.key in alerts or each.key in deaths]

    def is_about(self, attempt: Attempt, alert: Alert) -> bool:
        """Whether an attempt answers an alert, or the death of its service."""
        if attempt.of_death:
            return self._choice.service(dict(alert.labels)) == attempt.service
        return attempt.key == alert.fingerprint

    def holds(self, alert: Alert) -> str:
        now = self._clock.now()
        if alert.resolved(now):
            return ""
        held = (each for each in self._about(alert) if each.holds(now))
        return next((each.reason for each in held), "")

    def tried(self, alert: Alert) -> str:
        return _tried(self._about(alert))

    def hold(self, incident: Incident, alerts: Collection[str]) -> bool:
        now = self._clock.now()
        return any(each.holds(now) for each in self.of(incident, alerts)) and not any(
            map(self._audible, alerts)
        )

    def told(self, incident: Incident, alerts: Collection[str]) -> str:
        return _tried(self.of(incident, alerts))

    def _about(self, alert: Alert) -> Iterator[Attempt]:
        """What answers it, and what answers the death of its service."""
        own = self.attempts.get(alert.fingerprint)
        if not alert.resolved(self._clock.now()):
            own = self.see(alert)
        if own and (alert.starts_at <= own.seen_at or own.stage is Stage.CHOSEN):
            yield own
        service = self._choice.service(dict(alert.labels)) if self.attempts else ""
        death = self.attempts.get(death_key(service))
        if death is not None:
            yield death

    def _begin(self, attempt: Attempt | None) -> Attempt | None:
        if attempt is None or len(self.attempts) >= _MOST:
            return None
        self.attempts[attempt.key] = attempt
        self._new.append(attempt)
        self.arrived.set()
        return attempt


def _tried(attempts: Iterable[Attempt]) -> str:
    return " ".join(each.tried for each in attempts if each.tried)
