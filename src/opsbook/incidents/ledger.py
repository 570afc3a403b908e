"""Incidents as they are known now, and every change of them: first in the database, then in the
ledger, and in both for certain."""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine

from opsbook.core.errors import BadInputError
from opsbook.incidents import store
from opsbook.incidents.journal import Hook, Journal
from opsbook.incidents.model import Incident, UnknownIncidentError
from opsbook.incidents.store import Unrecorded
from opsbook.state.ledger import Ledger


class IncidentLedger:
    """Holds those that something may still happen to by itself; others are read when asked for."""

    def __init__(self, engine: Engine, ledger: Ledger, recovered_since: float, hook: Hook) -> None:
        """Blocks. Those that recovered before then are not watched any more."""
        self._engine, self._ledger = engine, ledger
        self._journal = Journal(engine, ledger, hook)
        found = store.load_unclosed(engine, recovered_since)
        self.watched: dict[str, Incident] = {each.id: each for each in found}
        self.alerts: dict[str, set[str]] = {
            each.id: store.load_alerts(engine, each.id) for each in found
        }
        """Incident → the fingerprints of its alerts."""
        self.counts: Counter[tuple[str, str]] = store.count(engine)
        """State and severity → how many incidents there are."""

    @property
    def live(self) -> dict[str, Incident]:
        """Those that have not recovered."""
        return {number: each for number, each in self.watched.items() if each.live}

    async def settle(self) -> None:
        """Write down what an earlier life could not any more. Raises SQLAlchemyError."""
        await self._journal.settle()

    async def record(
        self,
        kind: str,
        changed: Incident,
        fingerprints: Collection[str] = (),
        actor: str = "opsbook",
        **body: Any,
    ) -> Incident:
        """Have it on disk and in the ledger. Raises SQLAlchemyError, and then nothing has
        changed, and BadInputError where nobody has done it."""
        if not actor.strip():
            raise BadInputError("somebody has to have done it: say who")
        incident = replace(changed, changes=changed.changes + 1)
        body = {**body, "change": incident.changes}
        fresh = sorted(fingerprints)
        await self._journal.write(incident, Unrecorded(kind, actor, body), fresh)
        self._know(incident)
        self.alerts[incident.id].update(fresh)
        entry = self._ledger.record(kind, incident.id, actor=actor, **body)
        await self._journal.recorded(incident, entry)
        return incident

    async def keep(self, incident: Incident) -> None:
        """Write down what is no news. Raises SQLAlchemyError."""
        await self._journal.keep(incident)
        self._know(incident)

    async def get(self, number: str) -> Incident:
        """Raises UnknownIncidentError."""
        known = self.watched.get(number)
        found = known or await asyncio.to_thread(store.load, self._engine, number)
        if found is None:
            raise UnknownIncidentError(
                f"no incident {number!r}; `opsbook incident list` shows them"
            )
        return found

    async def take(self, number: str) -> Incident:
        """To be changed: it is watched from now on. Raises BadInputError."""
        found = await self.get(number)
        if number not in self.watched:
            alerts = await asyncio.to_thread(store.load_alerts, self._engine, number)
            self.watched[number], self.alerts[number] = found, alerts
        return found

    def forget(self, number: str) -> None:
        """Nothing happens to it by itself any more."""
        self.watched.pop(number, None)
        self.alerts.pop(number, None)

    def _know(self, incident: Incident) -> None:
        before = self.watched.get(incident.id)
        if before is not None:
            self.counts[before.state.value, before.severity] -= 1
        self.counts[incident.state.value, incident.severity] += 1
        self.watched[incident.id] = incident
        self.alerts.setdefault(incident.id, set())
