"""Runs that were asked for: counted against the limits and kept until they are submitted."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text, update

from opsbook.core.clock import Clock
from opsbook.durable.values import Json
from opsbook.runbooks.limiting import Limiting
from opsbook.runbooks.settings import Limits
from opsbook.runbooks.store import runs
from opsbook.state.database import reading


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that was asked for."""

    id: str
    runbook: str
    requested_at: float
    unattended: bool
    alert: str | None
    incident: str | None
    submission: Json
    """What makes the durable run of it."""


class Register:
    """One row per run, written before it is submitted: who dies in between is not the end of
    it, and a restart resets no limit."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._limiting = engine, Limiting(clock)

    async def admit(self, wanted: Wanted, limits: Limits | None) -> str:
        """The id of the run that stands for it: another's, where one answers the alert already.

        Raises BadInputError if the limits of unattended runs do not allow it.
        """
        return await asyncio.to_thread(self._admit, wanted, limits)

    async def submitted(self, run: str) -> None:
        await asyncio.to_thread(self._update, run, {"submitted": True})

    async def ended(self, run: str, state: str, at: float | None) -> None:
        """Also that it goes on: without a moment."""
        if at is not None:
            self._limiting.ended(run)
        await asyncio.to_thread(self._update, run, {"state": state, "ended_at": at})

    async def left_over(self) -> list[Wanted]:
        """Those that were not submitted when the process died."""
        return await asyncio.to_thread(self._left_over)

    async def open(self) -> list[str]:
        """Runs of which nobody has written down that they have ended."""
        return await asyncio.to_thread(self._open)

    async def find(
        self, runbook: str | None, alert: str | None, incident: str | None, limit: int
    ) -> Sequence[str]:
        """Ids, the newest first."""
        return await asyncio.to_thread(self._find, runbook, alert, incident, limit)

    def _admit(self, wanted: Wanted, limits: Limits | None) -> str:
        with self._engine.begin() as connection:
            _only_me(connection)
            if wanted.alert is not None and (other := _answering(connection, wanted.alert)):
                return other
            if limits is not None:
                self._limiting.hold_against(connection, wanted.id, wanted.runbook, limits)
            row = {
                "id": wanted.id,
                "runbook": wanted.runbook,
                "requested_at": wanted.requested_at,
                "unattended": wanted.unattended,
                "alert": wanted.alert,
                "incident": wanted.incident,
                "submission": json.dumps(wanted.submission),
                "submitted": False,
                "state": "requested",
            }
            connection.execute(insert(runs), row)
            return wanted.id

    def _update(self, run: str, values: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(runs).where(runs.c.id == run).values(values))

    def _left_over(self) -> list[Wanted]:
        query = select(runs).where(runs.c.submitted.is_(False), runs.c.ended_at.is_(None))
        with reading(self._engine) as connection:
            return [
                Wanted(
                    row.id,
                    row.runbook,
                    row.requested_at,
                    row.unattended,
                    row.alert,
                    row.incident,
                    json.loads(row.submission),
                )
                for row in connection.execute(query)
            ]

    def _open(self) -> list[str]:
        query = select(runs.c.id).where(runs.c.submitted.is_(True), runs.c.ended_at.is_(None))
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def _find(
        self, runbook: str | None, alert: str | None, incident: str | None, limit: int
    ) -> list[str]:
        wanted = {"runbook": runbook, "alert": alert, "incident": incident}
        query = select(runs.c.id).order_by(runs.c.requested_at.desc(), runs.c.id.desc())
        for column, value in wanted.items():
            if value is not None:
                query = query.where(runs.c[column] == value)
        with reading(self._engine) as connection:
            return list(connection.execute(query.limit(limit)).scalars())


def _only_me(connection: Connection) -> None:
    """Two requests at once must not both be the last that is allowed. SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE runbook_runs IN EXCLUSIVE MODE"))


def _answering(connection: Connection, alert: str) -> str | None:
    query = select(runs.c.id).where(runs.c.alert == alert, runs.c.ended_at.is_(None))
    return connection.execute(query.limit(1)).scalar()
