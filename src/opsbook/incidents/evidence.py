"""What checks, services and alerts say of an incident now."""

from collections.abc import Collection, Iterator

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.core.clock import Clock, iso
from opsbook.incidents.model import Incident
from opsbook.probes.check import Check
from opsbook.probes.model import State
from opsbook.probes.watch import Watch
from opsbook.services.life import Phase
from opsbook.services.service import Services

_WELL = (State.UP, State.DEGRADED)
"""What a service that was restarted has to be, too."""
_UNPROVEN = tuple(phase for phase in Phase if phase is not Phase.RUNNING)
_SHOWN = 5


class Evidence:
    """Reads; changes nothing."""

    def __init__(
        self,
        watch: Watch,
        services: Services,
        alerting: Alerting,
        clock: Clock,
        mend_within: float,
    ) -> None:
        """`mend_within`: seconds for which a service that is being restarted is left alone."""
        self._watch, self._services = watch, services
        self._alerting, self._clock = alerting, clock
        self._mend_within = mend_within
        self._checks_of: dict[str, list[str]] = {}
        for check in watch.checks.values():
            self._checks_of.setdefault(check.settings.service or "", []).append(check.name)

    def checks(self, incident: Incident) -> list[str]:
        """Names of those that are about it, or about its services."""
        names = dict.fromkeys(incident.checks)
        for service in incident.services:
            names |= dict.fromkeys(self._checks_of.get(service, ()))
        return [name for name in names if name in self._watch.checks]

    def fires(self, fingerprint: str) -> bool:
        alert = self._alerting.board.alerts.get(fingerprint)
        return alert is not None and not alert.resolved(self._alerting.clock.now())

    def held(self, alert: Alert) -> bool:
        """Whether an alert need not be told, or a restart may still mend what it is about."""
        service = dict(alert.labels).get("service", "")
        muting = self._alerting.muting(alert)
        return self._is_mending(service) or (bool(muting) and not muting.mending)

    def failing(self, incident: Incident) -> list[str]:
        """What is known to be wrong, less what a restart may still mend."""
        return [
            *self._bad_services(incident, Phase.NEEDS_PERSON),
            *(
                f"{check.name} is down"
                for check in self._checks(incident)
                if check.state is State.DOWN and not self._is_mending(check.settings.service or "")
            ),
        ]

    def missing(self, incident: Incident, fingerprints: Collection[str]) -> list[str]:
        """What has to come for it to have recovered; nothing if all proves that it has."""
        missing = list(self._bad_services(incident, *_UNPROVEN))
        missing += (
            said for check in self._checks(incident) if (said := _unproven(check, incident))
        )
        firing = [each for each in fingerprints if self.fires(each)]
        if firing:
            names = sorted({self._alerting.board.alerts[each].name for each in firing})
            more = ", …" if len(names) > _SHOWN else ""
            missing.append(f"{len(firing)} alerts fire: {', '.join(names[:_SHOWN])}{more}")
        if not incident.measured:
            missing.append("nothing that measures it has failed: only a person can tell")
        return missing

    def proof(self, incident: Incident) -> dict[str, str]:
        """Each check's state, and when it was seen."""
        return {
            check.name: f"{check.state} at {iso(check.outcome.at)}"
            for check in self._checks(incident)
            if check.outcome is not None
        }

    def _checks(self, incident: Incident) -> Iterator[Check]:
        return (self._watch.checks[name] for name in self.checks(incident))

    def _bad_services(self, incident: Incident, *bad: Phase) -> Iterator[str]:
        for name in incident.services:
            keeper = self._services.keepers.get(name)
            if keeper is not None and keeper.phase in bad:
                yield f"{name}: {keeper.phase}"

    def _is_mending(self, service: str) -> bool:
        keeper = self._services.keepers.get(service)
        if keeper is None or keeper.phase is not Phase.RECOVERING:
            return False
        return self._clock.now() - keeper.since < self._mend_within


def _unproven(check: Check, incident: Incident) -> str:
    """Why a check does not say that all is well; empty where it does."""
    if check.state not in _WELL or check.waiting:
        return f"{check.name} is {check.state}" + (", and may get worse" if check.waiting else "")
    if check.outcome is None or check.outcome.at < incident.since:
        return f"{check.name} has not been looked at since {iso(incident.since)}"
    return ""
