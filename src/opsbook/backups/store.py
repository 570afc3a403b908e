"""The table of what is known of backups: made, verified, gone. All of it blocks."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Boolean, Column, Engine, Float, String, Table, Text, delete, insert, select

from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.tables import ledger, metadata

MADE = "made"
PRUNED = "pruned"
"""What a row may be about, besides the depths of verification."""
_MESSAGE = 2000
_MOST = 200

verdicts = Table(
    "backup_verdicts",
    metadata,
    Column("set", String(100), primary_key=True),
    Column("destination", String(100), primary_key=True),
    Column("backup", String(40), primary_key=True),
    Column("about", String(10), primary_key=True),
    Column("at", Float, nullable=False),
    Column("ok", Boolean, nullable=True),
    Column("damaged", Boolean, nullable=False),
    Column("message", String(_MESSAGE), nullable=False),
    Column("evidence", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Row:
    """The last word about one copy of a backup."""

    set: str
    destination: str
    backup: str
    about: str
    """`made`, `pruned` or a depth of verification."""
    at: float
    """Seconds since 1970."""
    ok: bool | None
    """None for what was begun and has not ended, or could not be found out."""
    message: str = ""
    damaged: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


def put(engine: Engine, *rows: Row) -> None:
    """In place of what was said before."""
    with engine.begin() as connection:
        for row in rows:
            same = (
                (verdicts.c.set == row.set)
                & (verdicts.c.destination == row.destination)
                & (verdicts.c.backup == row.backup)
                & (verdicts.c.about == row.about)
            )
            connection.execute(delete(verdicts).where(same))
            written = {"evidence": json.dumps(row.evidence), "message": row.message[:_MESSAGE]}
            connection.execute(insert(verdicts), asdict(row) | written)


def rows_of(engine: Engine, set_name: str) -> list[Row]:
    """All of a set, oldest first."""
    query = select(verdicts).where(verdicts.c.set == set_name).order_by(verdicts.c.at)
    with reading(engine) as connection:
        return [
            Row(
                each.set,
                each.destination,
                each.backup,
                each.about,
                each.at,
                each.ok,
                each.message,
                each.damaged,
                json.loads(each.evidence),
            )
            for each in connection.execute(query)
        ]


def forget(engine: Engine, set_name: str, before: float) -> None:
    """What is older than that."""
    old = (verdicts.c.set == set_name) & (verdicts.c.at < before)
    with engine.begin() as connection:
        connection.execute(delete(verdicts).where(old))


def recorded(engine: Engine, set_name: str, run: str) -> list[Entry]:
    """What the ledger says of one run about a set, where it is not long ago."""
    query = (
        select(ledger)
        .where(ledger.c.subject == set_name)
        .order_by(ledger.c.seq.desc())
        .limit(_MOST)
    )
    with reading(engine) as connection:
        entries = [Entry(*row) for row in connection.execute(query)]
    return [each for each in entries if each.as_dict()["body"].get("run") == run]
