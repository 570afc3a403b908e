"""Incidents as a whole: what opens, joins, escalates, recovers, reopens and is closed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.core.events import Bus
from opsbook.incidents import store
from opsbook.incidents.causes import Cause
from opsbook.incidents.course import Course
from opsbook.incidents.escalation import Escalation
from opsbook.incidents.events import (
    IncidentAcknowledged,
    IncidentClosed,
)
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.fixes import Fixes
from opsbook.incidents.inbox import Inbox
from opsbook.incidents.joining import Joining
from opsbook.incidents.journal import Hook
from opsbook.incidents.ledger import IncidentLedger
from opsbook.incidents.model import Incident, IncidentState
from opsbook.incidents.pages import Pages
from opsbook.incidents.settings import IncidentSettings
from opsbook.incidents.signals import Signal
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_TICK = 1.0
_MOST = 50
"""Live incidents; with so many, what alerts would open joins the last one: it is a storm."""
_SHOWN = 100
"""Fingerprints in one ledger entry."""
_AT_ONCE = 200
"""Alerts that are acknowledged before others have their turn on the event loop."""


class Incidents:
    """Built on what an earlier life left in the database; `run` goes on with it."""

    def __init__(
        self,
        settings: IncidentSettings,
        depends_on: Mapping[str, Iterable[str]],
        evidence: Evidence,
        alerting: Alerting,
        engine: Engine,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        hook: Hook = lambda step: None,
    ) -> None:
        """Blocks. `depends_on`: for each service those that it depends on."""
        self.settings = settings
        self.escalation = Escalation(settings)
        self.trouble: str | None = None
        """Why incidents cannot be written down, or None."""
        self._evidence, self._alerting, self._engine = evidence, alerting, engine
        self._bus, self._clock = bus, clock
        since = clock.now() - settings.reopen_within
        self._ledger = IncidentLedger(engine, ledger, since, hook)
        self._inbox = Inbox(settings, bus, clock, evidence)
        self._joining = Joining(settings, depends_on, self._ledger, engine, bus, clock)
        self._course = Course(
            settings.reopen_within,
            self.escalation,
            evidence,
            Pages(settings, alerting.pager),
            self._joining,
            self._ledger,
            bus,
            clock,
        )
        self._changing = asyncio.Lock()

    @property
    def watched(self) -> list[Incident]:
        """Those to which something may still happen by itself."""
        return list(self._ledger.watched.values())

    def tried_by(self, fixes: Fixes) -> None:
        """Ask whoever tries to mend them before people are paged."""
        self._course.fixes = fixes

    def opens_for(self, alert: Alert) -> bool:
        """Whether an alert opens or joins one."""
        return self._inbox.wants(alert)

    def alerts_of(self, incident: Incident) -> frozenset[str]:
        """Fingerprints of the alerts of one that is watched."""
        return frozenset(self._ledger.alerts.get(incident.id, ()))

    def nudge(self) -> None:
        """Look after them now: what held pages back has ended."""
        self._inbox.arrived.set()

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """State and severity → how many incidents there are."""
        return self._ledger.counts

    async def run(self) -> None:
        """Watch until cancelled."""
        begun = False
        while True:
            try:
                if not begun:
                    await self.begin()
                    begun = True
                await self.tick()
                self.trouble = None
            except SQLAlchemyError as error:
                self.trouble = str(getattr(error, "orig", None) or error)
                logger.error("incidents cannot be written down: %s", self.trouble)
            except Exception:  # a fault of our own must not end the watch
                logger.exception("incidents were not looked after; it is tried again")
            await self._until_arrived()

    async def begin(self) -> None:
        """Go on where an earlier life ended, and take what fires already."""
        async with self._changing:
            await self._ledger.settle()
            for incident in tuple(self._ledger.watched.values()):
                await self._course.tell_owed(incident)
            await self._joining.join_known()
        firing = list(self._alerting.board.alerts.values())
        numbers = [alert.fingerprint for alert in firing]
        closed = await asyncio.to_thread(store.dealt_with, self._engine, numbers)
        self._inbox.put(a for a in firing if a.starts_at > closed.get(a.fingerprint, 0.0))

    async def tick(self) -> None:
        """One round of all that time and others bring."""
        signals, alerts = await self._inbox.ready()
        try:
            for signal in signals:
                async with self._changing:
                    await self._joining.take(signal)
        except SQLAlchemyError:
            self._inbox.give_back(signals, alerts)
            raise
        for number in tuple(self._ledger.watched):
            async with self._changing:
                await self._course.look_after(number)

    async def open(
        self,
        title: str,
        severity: str,
        by: str,
        services: Iterable[str] = (),
        description: str = "",
        began_at: float | None = None,
    ) -> Incident:
        """A person or a program opens one. Raises BadInputError."""
        known = self.settings.severity_of(severity)
        if known is None:
            declared = ", ".join(self.settings.severities)
            raise BadInputError(f"severity {severity!r} is not declared; there are {declared}")
        if not title.strip():
            raise BadInputError("an incident needs a title: say what is wrong")
        now = self._clock.now()
        cause = Cause(frozenset(services), frozenset(), now, now)
        signal = Signal(title, known, cause, began_at)
        async with self._changing:
            made = await self._joining.open(signal, by, description, measured=False)
        self._inbox.arrived.set()  # whoever is to be paged for it is, without a tick's delay
        return made

    async def acknowledge(self, number: str, by: str, note: str = "") -> Incident:
        """Somebody has it: nobody else is paged, and its alerts are not repeated. Raises
        BadInputError."""
        async with self._changing:
            before = await self._ledger.take(number)
            now = self._clock.now()
            incident = await self._ledger.record(
                "incident.acknowledged",
                before.acknowledged(by, now),
                actor=by,
                note=note,
                after_seconds=round(now - before.since, 3),
            )
            self._bus.announce(IncidentAcknowledged(incident))
        await self._acknowledge_alerts(incident, by)
        return incident

    async def note(self, number: str, by: str, text: str) -> Incident:
        """A remark, at any time. Raises BadInputError."""
        async with self._changing:
            return await self._ledger.record(
                "incident.noted",
                await self._ledger.take(number),
                actor=by,
                text=_said(text, "remark"),
            )

    async def update(self, number: str, by: str, text: str, *, public: bool = False) -> Incident:
        """Say how it stands to whoever was paged, and `public` to everybody who reads the status
        page. Raises BadInputError."""
        async with self._changing:
            before = replace(await self._ledger.take(number), owed=_said(text, "status"))
            incident = await self._ledger.record(
                "incident.updated",
                before,
                actor=by,
                text=text,
                receivers=list(before.told),
                public=public,
            )
            return await self._course.tell_owed(incident)

    async def close(
        self, number: str, by: str, resolution: str, lessons: str = "", *, unrecovered: bool = False
    ) -> Incident:
        """Raises BadInputError without a resolution; and while something still says that it
        has not recovered, unless that is known: `unrecovered`."""
        async with self._changing:
            before = await self._ledger.take(number)
            after = before.closed(self._clock.now(), resolution, lessons)
            missing = self.missing(before)
            if missing and before.measured and not unrecovered:
                raise BadInputError(
                    f"{number} has not recovered: {'; '.join(missing)}; mend it, or close it "
                    "as unrecovered"
                )
            incident = await self._ledger.record(
                "incident.closed",
                replace(after, owed=f"Closed by {by}: {resolution}" if before.live else ""),
                actor=by,
                resolution=resolution,
                lessons=lessons,
                recovered=before.state is IncidentState.RECOVERED,
                missing=missing,
                after_seconds=round(self._clock.now() - before.opened_at, 3),
            )
            incident = await self._course.tell_owed(incident)
            self._bus.announce(IncidentClosed(incident))
            return incident

    async def get(self, number: str) -> Incident:
        """Raises BadInputError where there is none."""
        return await self._ledger.get(number)

    def checks(self, incident: Incident) -> list[str]:
        """Names of the checks that say how it stands."""
        return self._evidence.checks(incident)

    def missing(self, incident: Incident) -> list[str]:
        """What is still needed for it to have recovered."""
        return self._course.missing(incident)

    async def _acknowledge_alerts(self, incident: Incident, by: str) -> None:
        numbers = sorted(self._ledger.alerts.get(incident.id, ()))
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            await self._alerting.acknowledge(some, by, incident.id, by, None)

    async def _until_arrived(self) -> None:
        try:
            async with asyncio.timeout(_TICK):
                await self._inbox.arrived.wait()
        except TimeoutError:
            pass
        self._inbox.arrived.clear()


def _said(text: str, noun: str) -> str:
    if not text.strip():
        raise BadInputError(f"the {noun} is empty: say something")
    return text
