"""Signs of trouble → incidents opened, widened, merged and opened again."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.incidents import store
from opsbook.incidents.causes import Cause, Causes
from opsbook.incidents.events import (
    IncidentClosed,
    IncidentJoined,
    IncidentOpened,
    IncidentReopened,
)
from opsbook.incidents.ledger import IncidentLedger
from opsbook.incidents.model import Incident, IncidentState
from opsbook.incidents.settings import IncidentSettings
from opsbook.incidents.signals import Signal

_MOST = 50
"""Live incidents; with so many, what alerts would open joins the last one: it is a storm."""
_SHOWN = 100
"""Fingerprints in one ledger entry."""


class Joining:
    """Alerts of one cause are one incident. All of it raises SQLAlchemyError."""

    def __init__(
        self,
        settings: IncidentSettings,
        depends_on: Mapping[str, Iterable[str]],
        ledger: IncidentLedger,
        engine: Engine,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._settings, self._ledger = settings, ledger
        self._causes = Causes(depends_on, settings.join_within)
        self._engine, self._bus, self._clock = engine, bus, clock

    async def take(self, signal: Signal) -> None:
        """Open one, join some, or reopen one."""
        now = self._clock.now()
        fresh = signal.alerts
        for number in self._ledger.live:
            fresh -= self._ledger.alerts[number]
        if signal.alerts and not fresh:
            return
        signal = replace(signal, alerts=fresh)
        live = self._same_cause(signal)
        if live:
            await self._join(live, signal)
            return
        back = [each for each in self._ledger.watched.values() if self._is_back(each, signal, now)]
        if back:
            latest = max(back, key=lambda each: each.recovered_at or 0.0)
            await self.reopen(latest, signal.title)
            await self._join([self._ledger.watched[latest.id]], signal)
        elif len(self._ledger.live) >= _MOST:
            latest = max(self._ledger.live.values(), key=lambda each: (each.opened_at, each.id))
            await self._join([latest], signal)
        else:
            await self.open(signal, "opsbook", "", measured=True)

    def _same_cause(self, signal: Signal) -> list[Incident]:
        live = self._ledger.live
        found = self._causes.joining(signal.cause, {n: each.cause for n, each in live.items()})
        if signal.death:
            found += [n for n, each in live.items() if signal.cause.services & {*each.services}]
        return [live[number] for number in dict.fromkeys(found)]

    def _is_back(self, incident: Incident, signal: Signal, now: float) -> bool:
        at = incident.recovered_at
        if incident.state is not IncidentState.RECOVERED or at is None:
            return False
        same = (
            signal.cause.overlaps(incident.cause)
            or signal.alerts & self._ledger.alerts[incident.id]
        )
        return bool(same) and now - at <= self._settings.reopen_within

    async def join_known(self) -> None:
        """Join what is known: an earlier life may have died before all of one cause was."""
        for incident in sorted(
            self._ledger.live.values(), key=lambda each: (each.opened_at, each.id)
        ):
            others = {n: each.cause for n, each in self._ledger.live.items() if n != incident.id}
            found = self._causes.joining(incident.cause, others)
            if found and incident.id in self._ledger.live:
                await self._merge([incident, *(self._ledger.watched[each] for each in found)])

    async def open(self, signal: Signal, by: str, description: str, *, measured: bool) -> Incident:
        """Open one, whatever else is open. `measured`: something has failed that measures it."""
        now = self._clock.now()
        stamp = datetime.fromtimestamp(now, UTC).strftime("INC-%Y%m%d-%H%M%S")
        number = await asyncio.to_thread(store.free_number, self._engine, stamp)
        incident = Incident(
            id=number,
            title=signal.title,
            severity=signal.severity,
            opened_at=now,
            opened_by=by,
            since=now,
            began_at=signal.began_at,
            services=tuple(sorted(signal.cause.services)),
            checks=tuple(sorted(signal.checks)),
            names=tuple(sorted(signal.cause.names)),
            first_at=signal.cause.first,
            last_at=signal.cause.last,
            measured=measured,
        )
        incident = await self._ledger.record(
            "incident.opened",
            incident,
            signal.alerts,
            by,
            title=incident.title,
            severity=incident.severity,
            services=list(incident.services),
            alerts=sorted(signal.alerts)[:_SHOWN],
            count=len(signal.alerts),
            description=description,
            began_at=incident.began_at,
            detected_after_seconds=_between(incident.began_at, now),
        )
        self._bus.announce(IncidentOpened(incident))
        return incident

    async def _join(self, found: list[Incident], signal: Signal) -> None:
        """What has come goes into the first one, and so do the others."""
        base = await self._merge(found) if len(found) > 1 else found[0]
        cause = base.cause.with_(signal.cause)
        joined = replace(
            _widened(base, cause, {*base.checks, *signal.checks}),
            severity=self._settings.worse(base.severity, signal.severity),
            measured=True,
            began_at=_earlier(base.began_at, signal.began_at),
        )
        fresh = signal.alerts - self._ledger.alerts[base.id]
        incident = await self._ledger.record(
            "incident.joined",
            joined,
            fresh,
            what=signal.title,
            severity=joined.severity,
            services=list(joined.services),
            alerts=sorted(fresh)[:_SHOWN],
            count=len(fresh),
        )
        self._bus.announce(IncidentJoined(incident))

    async def _merge(self, found: list[Incident]) -> Incident:
        """The first of them goes on with all that the others have."""
        base, *others = sorted(found, key=lambda each: (each.opened_at, each.id))
        fresh: set[str] = set()
        for other in others:
            base = replace(
                _widened(base, base.cause.with_(other.cause), {*base.checks, *other.checks}),
                severity=self._settings.worse(base.severity, other.severity),
                measured=base.measured or other.measured,
                began_at=_earlier(base.began_at, other.began_at),
                paged=tuple(dict.fromkeys([*base.paged, *other.paged])),
                told=tuple(dict.fromkeys([*base.told, *other.told])),
            )
            if other.state is IncidentState.ACKNOWLEDGED and base.state is IncidentState.OPEN:
                base = base.acknowledged(other.owner, other.acknowledged_at or other.since)
            fresh |= self._ledger.alerts[other.id] - self._ledger.alerts[base.id]
        base = await self._ledger.record(
            "incident.merged",
            base,
            fresh,
            incidents=[other.id for other in others],
            services=list(base.services),
            severity=base.severity,
        )
        for other in others:
            gone = await self._ledger.record(
                "incident.absorbed",
                other.absorbed(base.id, self._clock.now()),
                into=base.id,
            )
            self._bus.announce(IncidentClosed(gone))
        self._bus.announce(IncidentJoined(base))
        return base

    async def reopen(self, incident: Incident, why: str) -> None:
        """It had recovered, and has not."""
        now = self._clock.now()
        again = await self._ledger.record(
            "incident.reopened",
            incident.again(now),
            why=why,
            after_seconds=_between(incident.recovered_at, now),
        )
        self._bus.announce(IncidentReopened(again))


def _widened(incident: Incident, cause: Cause, checks: Collection[str]) -> Incident:
    return replace(
        incident,
        services=tuple(sorted(cause.services)),
        names=tuple(sorted(cause.names)),
        first_at=cause.first,
        last_at=cause.last,
        checks=tuple(sorted(checks)),
    )


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _between(start: float | None, end: float) -> float | None:
    """None where it is not known: another program's clock may be ahead of ours."""
    return None if start is None or start > end else round(end - start, 3)
