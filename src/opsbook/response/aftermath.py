"""What is owed when an attempt has ended: to those who were told before, and to its incident."""

import asyncio

from sqlalchemy import Engine

from opsbook.alerts.delivery.service import Alerting
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.incidents.model import Incident, IncidentState
from opsbook.incidents.service import Incidents
from opsbook.response.attempt import Attempt, Stage
from opsbook.response.holds import Holds
from opsbook.state.database import reading
from opsbook.state.ledger import read_entries


class Aftermath:
    """All of it raises SQLAlchemyError, and does nothing twice when it is asked for again."""

    def __init__(
        self, holds: Holds, alerting: Alerting, incidents: Incidents, engine: Engine, clock: Clock
    ) -> None:
        self._holds, self._alerting, self._incidents = holds, alerting, incidents
        self._engine, self._clock = engine, clock

    async def tell(self, attempt: Attempt) -> None:
        """Whoever heard of the trouble while something was tried hears how that ended."""
        if not attempt.unheard:
            return
        if not attempt.of_death:
            key = f"response {attempt.key} {attempt.seen_at} {attempt.stage}"
            await self._alerting.tell_again(attempt.key, key)
        incident = await self._incident(attempt)
        if incident is not None and incident.told and not await self._was_said(attempt):
            await self._incidents.update(incident.id, "opsbook", attempt.tried)

    def let_go(self, attempt: Attempt) -> None:
        """People are told from now on."""
        attempt.let_go = True
        for alert in tuple(self._alerting.board.alerts.values()):
            if self._holds.is_about(attempt, alert):
                self._alerting.look_again(alert.fingerprint)
        self._incidents.nudge()

    async def close_mended(self) -> None:
        """Incidents of which nobody heard, and that were well for as long as the book says."""
        now = self._clock.now()
        for incident in self._incidents.watched:
            if incident.state is not IncidentState.RECOVERED or incident.told or incident.owner:
                continue
            alerts = self._incidents.alerts_of(incident)
            attempts = self._holds.of(incident, alerts)
            if not attempts or any(not _mended(each) for each in attempts):
                continue
            wait = max(each.response.close_after for each in attempts)
            if now >= (incident.recovered_at or now) + wait:
                runs = ", ".join(f"{each.response.runbook} (run {each.run})" for each in attempts)
                await self._incidents.close(incident.id, "opsbook", f"fixed by runbook {runs}")

    async def _incident(self, attempt: Attempt) -> Incident | None:
        try:
            return await self._incidents.get(attempt.incident) if attempt.incident else None
        except BadInputError:
            return None

    async def _was_said(self, attempt: Attempt) -> bool:
        return await asyncio.to_thread(_said, self._engine, attempt)


def _mended(attempt: Attempt) -> bool:
    return attempt.stage is Stage.FIXED and not attempt.let_go and not attempt.at_once


def _said(engine: Engine, attempt: Attempt) -> bool:
    with reading(engine) as connection:
        entries = read_entries(connection, kind="incident.updated", subject=attempt.incident)
        return any(each.as_dict()["body"]["text"] == attempt.tried for each in entries)
