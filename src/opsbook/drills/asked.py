"""Drills that were asked for and wait for a second person."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine, select

from opsbook.core.clock import iso
from opsbook.durable.model import RunInfo
from opsbook.durable.port import UnknownRunError
from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.tables import ledger

APPROVED_WITHIN = 86_400.0
"""Seconds in which a second person may approve what was asked for."""
_MOST = 100


class Shows(Protocol):
    """Who knows of a run once it was approved."""

    async def show(self, run: str) -> RunInfo:
        """Raises UnknownRunError."""
        ...


@dataclass(frozen=True, slots=True)
class AskedDrill:
    """A run that nobody has approved or refused yet. `at` in seconds since 1970."""

    drill: str
    run: str
    by: str
    why: str
    at: float


async def asked_drills(engine: Engine, drills: Shows, since: float) -> list[AskedDrill]:
    """Those asked for since then, the oldest first."""
    found = await asyncio.to_thread(_entries, engine, since)
    return [each for each in found if await _waits(drills, each.run)]


async def _waits(drills: Shows, run: str) -> bool:
    try:
        await drills.show(run)
    except UnknownRunError:
        return True
    return False


def _entries(engine: Engine, since: float) -> list[AskedDrill]:
    kinds = ("drill.asked", "drill.declined")
    query = (
        select(ledger)
        .where(ledger.c.kind.in_(kinds), ledger.c.at >= iso(since))
        .order_by(ledger.c.seq.desc())
        .limit(_MOST)
    )
    with reading(engine) as connection:
        entries = [Entry(*row) for row in connection.execute(query)]
    declined = {each.as_dict()["body"]["run"] for each in entries if each.kind == "drill.declined"}
    asked = [_asked(each) for each in reversed(entries) if each.kind == "drill.asked"]
    return [each for each in asked if each.run not in declined]


def _asked(entry: Entry) -> AskedDrill:
    body = entry.as_dict()["body"]
    at = datetime.fromisoformat(entry.at).timestamp()
    return AskedDrill(entry.subject, body["run"], entry.actor, body["why"], at)
