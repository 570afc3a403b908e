"""What the ledger says of the care for a database. All of it blocks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.ledger import read_entries

_MOST = 200


@dataclass(frozen=True, slots=True)
class Signature:
    """An approver's consent to what is done to a database when nobody is there."""

    digest: str
    by: str
    at: float
    """Seconds since 1970."""
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A maintenance that is over."""

    run: str
    at: float
    """Seconds since 1970."""
    by: str
    scheduled: bool
    done: bool
    waiting: bool
    """Whether nothing but a signature was lacking."""
    said: str
    """Why not everything was done."""


def recorded(engine: Engine, database: str, run: str) -> list[dict[str, Any]]:
    """What was written of one run, where it is not long ago."""
    with reading(engine) as connection:
        found = [each.as_dict() for each in read_entries(connection, subject=database, last=_MOST)]
    return [each for each in found if each["body"].get("run") == run]


def last_signature(engine: Engine, database: str) -> Signature | None:
    """A later one replaces it, also where it is of another plan."""
    with reading(engine) as connection:
        found = list(
            read_entries(connection, kind="database.plan_signed", subject=database, last=1)
        )
    for entry in found:
        body = entry.as_dict()["body"]
        return Signature(body["digest"], entry.actor, _seconds(entry), body["why"])
    return None


def ended_before(engine: Engine, database: str) -> list[Ended]:
    """The last maintenances, oldest first."""
    kind = "database.maintenance.ended"
    with reading(engine) as connection:
        found = list(read_entries(connection, kind=kind, subject=database, last=_MOST))
    return [_ended(each) for each in found]


def _ended(entry: Entry) -> Ended:
    body = entry.as_dict()["body"]
    flags = {name: bool(body.get(name)) for name in ("scheduled", "done", "waiting")}
    run, said = str(body.get("run", "")), str(body.get("said", ""))
    return Ended(run, _seconds(entry), entry.actor, said=said, **flags)


def _seconds(entry: Entry) -> float:
    return datetime.fromisoformat(entry.at).timestamp()
