"""The tables of incidents, and what is read from and written to them. All of it blocks."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Column, Engine, Float, String, Table, Text, delete, func, insert, select

from opsbook.incidents.model import Incident, IncidentState, incident_from
from opsbook.state.database import reading
from opsbook.state.tables import metadata

_AT_ONCE = 500
"""Values of one statement."""

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("state", String(12), nullable=False, index=True),
    Column("severity", String(100), nullable=False),
    Column("opened_at", Float, nullable=False, index=True),
    Column("closed_at", Float, nullable=True),
    Column("content", Text, nullable=False),
    Column("unrecorded", Text, nullable=False),
)
"""One row per incident; `unrecorded` is what the ledger does not know for certain."""

incident_alerts = Table(
    "incident_alerts",
    metadata,
    Column("incident", String(40), primary_key=True),
    Column("fingerprint", String(16), primary_key=True, index=True),
)
"""Which alerts went into which incident."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """An entry on its way into the ledger."""

    kind: str
    actor: str
    body: dict[str, Any]


def save(
    engine: Engine,
    incident: Incident,
    fingerprints: Collection[str] = (),
    unrecorded: Sequence[Unrecorded] = (),
) -> None:
    """Write an incident as it is now, with alerts that are new in it."""
    row = {
        "id": incident.id,
        "state": incident.state.value,
        "severity": incident.severity,
        "opened_at": incident.opened_at,
        "closed_at": incident.closed_at,
        "content": json.dumps(incident.as_dict()),
        "unrecorded": json.dumps([asdict(each) for each in unrecorded], default=str),
    }
    alerts = [{"incident": incident.id, "fingerprint": each} for each in fingerprints]
    with engine.begin() as connection:
        connection.execute(delete(incidents).where(incidents.c.id == incident.id))
        connection.execute(insert(incidents), row)
        if alerts:
            connection.execute(insert(incident_alerts), alerts)


def load(engine: Engine, number: str) -> Incident | None:
    return next(iter(_load(engine, incidents.c.id == number)), None)


def load_unclosed(engine: Engine, recovered_since: float) -> list[Incident]:
    """Those that are watched: not recovered, or not for longer than since then."""
    found = _load(engine, incidents.c.state != IncidentState.CLOSED.value)
    return [each for each in found if (each.recovered_at or recovered_since) >= recovered_since]


def load_latest(
    engine: Engine, most: int, states: Collection[str] = (), severity: str | None = None
) -> list[Incident]:
    """The newest first; those that went into others only where their state is asked for."""
    query = select(incidents.c.content).order_by(
        incidents.c.opened_at.desc(), incidents.c.id.desc()
    )
    if states:
        query = query.where(incidents.c.state.in_(list(states)))
    if severity is not None:
        query = query.where(incidents.c.severity == severity)
    with reading(engine) as connection:
        rows = connection.execute(query.limit(most)).scalars()
        return [incident_from(json.loads(row)) for row in rows]


def load_unrecorded(engine: Engine) -> list[tuple[str, list[Unrecorded]]]:
    """Of each incident what the ledger may not know."""
    query = select(incidents.c.id, incidents.c.unrecorded).where(incidents.c.unrecorded != "[]")
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [(row.id, [Unrecorded(**each) for each in json.loads(row.unrecorded)]) for row in rows]


def recorded(engine: Engine, number: str) -> None:
    """Write down that the ledger knows all of an incident."""
    with engine.begin() as connection:
        same = incidents.c.id == number
        connection.execute(incidents.update().where(same).values(unrecorded="[]"))


def load_alerts(engine: Engine, number: str) -> set[str]:
    """Fingerprints."""
    query = select(incident_alerts.c.fingerprint).where(incident_alerts.c.incident == number)
    with reading(engine) as connection:
        return set(connection.execute(query).scalars())


def dealt_with(engine: Engine, fingerprints: Sequence[str]) -> dict[str, float]:
    """Fingerprints of alerts → when their last incident was closed."""
    table, found = incident_alerts.c, dict[str, float]()
    joined = incident_alerts.join(incidents, table.incident == incidents.c.id)
    query = select(table.fingerprint, func.max(incidents.c.closed_at)).select_from(joined)
    with reading(engine) as connection:
        for some in _portions(fingerprints):
            wanted = table.fingerprint.in_(some) & incidents.c.closed_at.is_not(None)
            rows = connection.execute(query.where(wanted).group_by(table.fingerprint))
            found |= {row[0]: row[1] for row in rows}
    return found


def free_number(engine: Engine, wanted: str) -> str:
    """The number itself, or with `-2`, `-3`… where it is taken."""
    with reading(engine) as connection:
        same = incidents.c.id.startswith(wanted, autoescape=True)
        taken = set(connection.execute(select(incidents.c.id).where(same)).scalars())
    number, count = wanted, 1
    while number in taken:
        count += 1
        number = f"{wanted}-{count}"
    return number


def count(engine: Engine) -> Counter[tuple[str, str]]:
    """State and severity → how many there are."""
    columns = (incidents.c.state, incidents.c.severity)
    query = select(*columns, func.count()).group_by(*columns)
    with reading(engine) as connection:
        return Counter({(row[0], row[1]): row[2] for row in connection.execute(query)})


def _load(engine: Engine, wanted: Any) -> list[Incident]:
    query = select(incidents.c.content).where(wanted).order_by(incidents.c.opened_at)
    with reading(engine) as connection:
        return [incident_from(json.loads(row)) for row in connection.execute(query).scalars()]


def _portions(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
