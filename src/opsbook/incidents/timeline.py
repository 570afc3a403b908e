"""What happened around an incident, as the ledger has it."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, or_, select

from opsbook.core.clock import iso
from opsbook.incidents.model import Incident
from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.tables import ledger

_BEFORE = 5.0
"""Seconds before the trouble was seen from which entries are shown: a death is recorded before
its alert fires."""
_NOTICES = ("notice.sent", "notice.failed", "notice.unknown")
_ALERTS = ("alert.firing", "alert.resolved", "alert.acknowledged")


def timeline(
    engine: Engine,
    incident: Incident,
    fingerprints: Collection[str],
    checks: Collection[str],
    most: int,
) -> list[Entry]:
    """Entries about the incident itself; and, from its beginning to its closure, about its
    services, `checks`, alerts, notices and runs. The newest `most`, oldest first. Blocks."""
    began = incident.opened_at if incident.began_at is None else incident.began_at
    start = iso(min(began, incident.opened_at) - _BEFORE)
    around = [ledger.c.at >= start]
    if incident.closed_at is not None:
        around.append(ledger.c.at <= iso(incident.closed_at))
    about = or_(ledger.c.subject == incident.id, and_(or_(*_concerning(incident, checks)), *around))
    query = select(ledger).where(about).order_by(ledger.c.seq.desc())
    with reading(engine) as connection:
        rows = connection.execution_options(yield_per=1000).execute(query)
        found = list(_first(most, rows, incident, fingerprints))
    return found[::-1]


def _concerning(incident: Incident, checks: Collection[str]) -> list[ColumnElement[bool]]:
    kind, body = ledger.c.kind, ledger.c.body
    named = body.contains(f'"incident":"{incident.id}"', autoescape=True)
    runs = select(ledger.c.subject).where(kind.startswith("run."), named)
    return [
        ledger.c.subject.in_([*incident.services, *checks]),
        kind.in_(_ALERTS),
        and_(kind.in_(_NOTICES), body.contains(f"incident/{incident.id}", autoescape=True)),
        ledger.c.subject.in_(runs),
        and_(kind.startswith("response."), named),
    ]


def _first(
    most: int, rows: Any, incident: Incident, fingerprints: Collection[str]
) -> Iterator[Entry]:
    count = 0
    for row in rows:
        entry = Entry(*row)
        if entry.kind in _ALERTS and json.loads(entry.body).get("fingerprint") not in fingerprints:
            continue
        if entry.kind in _NOTICES and json.loads(entry.body)["group"] != f"incident/{incident.id}":
            continue
        yield entry
        count += 1
        if count == most:
            return
