"""Ledgers of made-up entries, for histories."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, create_engine, insert
from sqlalchemy.pool import StaticPool

from opsbook.core.clock import iso
from opsbook.state.tables import ledger

BEGIN = 1_790_000_000.0


@dataclass(frozen=True)
class Written:
    """An entry, so many seconds after the begin."""

    at: float
    kind: str
    subject: str = "small"
    actor: str = "opsbook"
    body: dict[str, Any] = field(default_factory=dict)


def changed(
    at: float, check: str, after: str, message: str = "", *, maintenance: bool = False
) -> Written:
    body = {"after": after, "maintenance": maintenance, "message": message}
    return Written(at, "check.changed", check, body=body)


def ordered(at: float, service: str, verb: str) -> Written:
    return Written(at, "service.ordered", service, body={"verb": verb, "by": "ada", "why": "so"})


def ledger_of(entries: Iterable[Written]) -> Engine:
    """They are numbered from 1, and nobody vouches for them."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    ledger.create(engine)
    rows = [
        {
            "seq": seq,
            "at": iso(BEGIN + each.at),
            "kind": each.kind,
            "subject": each.subject,
            "actor": each.actor,
            "body": json.dumps(each.body),
            "hash": "",
        }
        for seq, each in enumerate(entries, 1)
    ]
    if rows:
        with engine.begin() as connection:
            connection.execute(insert(ledger), rows)
    return engine
