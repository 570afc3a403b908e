"""What the clock, checks and alerts bring: pages, recovery, and trouble that is back."""

from collections.abc import Collection
from dataclasses import replace

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.incidents.escalation import Escalation
from opsbook.incidents.events import IncidentRecovered
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.fixes import Fixes, NoFixes
from opsbook.incidents.joining import Joining
from opsbook.incidents.ledger import IncidentLedger
from opsbook.incidents.model import Incident, IncidentState
from opsbook.incidents.pages import Pages
from opsbook.incidents.settings import LevelSettings


class Course:
    """Looks after one incident at a time. All of it raises SQLAlchemyError."""

    def __init__(
        self,
        reopen_within: float,
        escalation: Escalation,
        evidence: Evidence,
        pages: Pages,
        joining: Joining,
        ledger: IncidentLedger,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self.fixes: Fixes = NoFixes()
        self._reopen_within, self._escalation = reopen_within, escalation
        self._evidence, self._pages = evidence, pages
        self._joining, self._ledger = joining, ledger
        self._bus, self._clock = bus, clock

    def missing(self, incident: Incident) -> list[str]:
        """What is still needed for it to have recovered."""
        if not incident.live:
            return []
        return self._evidence.missing(incident, self._alerts(incident))

    async def look_after(self, number: str) -> None:
        """What its checks and the clock have to say of one incident."""
        incident = self._ledger.watched.get(number)
        if incident is None:
            return
        now = self._clock.now()
        incident = await self.tell_owed(incident)
        if incident.state is IncidentState.CLOSED:
            self._ledger.forget(number)
        elif incident.live:
            await self._recover_or_escalate(incident, now)
        elif now - (incident.recovered_at or now) > self._reopen_within:
            self._ledger.forget(number)
        elif failing := self._evidence.failing(incident):
            await self._joining.reopen(incident, "; ".join(failing))

    async def _recover_or_escalate(self, incident: Incident, now: float) -> None:
        if not incident.measured and self._evidence.failing(incident):
            incident = replace(incident, measured=True)
            await self._ledger.keep(incident)
        if not self.missing(incident):
            await self._recover(incident, now)
            return
        due = self._escalation.due(incident, now)
        if due and not self.fixes.hold(incident, self._alerts(incident)):
            for level in due:
                incident = await self._page(incident, level, now)

    async def _page(self, incident: Incident, level: LevelSettings, now: float) -> Incident:
        tried = self.fixes.told(incident, self._alerts(incident))
        told = await self._pages.page(incident, level, tried, now)
        paged = replace(
            incident,
            paged=(*incident.paged, level.name),
            told=tuple(dict.fromkeys([*incident.told, *told])),
        )
        return await self._ledger.record(
            "incident.paged",
            paged,
            level=level.name,
            contacts=level.contacts,
            receivers=told,
            after_seconds=round(now - incident.since, 3),
        )

    async def _recover(self, incident: Incident, now: float) -> None:
        began = incident.since if incident.began_at is None else incident.began_at
        after = replace(incident.recovered(now), owed="Its checks are well, its alerts have ended.")
        done = await self._ledger.record(
            "incident.recovered",
            after,
            checks=self._evidence.proof(incident),
            alerts=len(self._ledger.alerts[incident.id]),
            after_seconds=round(now - (incident.since if incident.reopened else began), 3),
        )
        done = await self.tell_owed(done)
        self._bus.announce(IncidentRecovered(done))

    def _alerts(self, incident: Incident) -> Collection[str]:
        return self._ledger.alerts.get(incident.id, ())

    async def tell_owed(self, incident: Incident) -> Incident:
        """What was written down to be told, is; only then it is not owed any more."""
        if not incident.owed:
            return incident
        await self._pages.tell(incident, incident.owed, self._clock.now())
        told = replace(incident, owed="")
        await self._ledger.keep(told)
        return told
