"""The tables of alerts, silences and acknowledgements, and what is read from and written to
them. All of it blocks."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Float,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from opsbook.alerts.model import Alert
from opsbook.core.labels import Labels
from opsbook.state.database import reading
from opsbook.state.tables import metadata

_AT_ONCE = 500
"""Rows of one statement."""

alerts = Table(
    "alerts",
    metadata,
    Column("fingerprint", String(16), primary_key=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("starts_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("generator_url", Text, nullable=False),
    Column("timeout", Boolean, nullable=False),
)
"""What fires now, or has ended lately."""

alert_history = Table(
    "alert_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(16), nullable=False, index=True),
    Column("name", String(200), nullable=False, index=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("starts_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False, index=True),
)
"""One row for each time that an alert fired and ended."""

silences = Table(
    "silences",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("content", Text, nullable=False),
    Column("ends_at", Float, nullable=False, index=True),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(16), nullable=False, unique=True),
    Column("by", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("assignee", String(200), nullable=False),
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=True),
)


def save_alerts(engine: Engine, changed: Sequence[Alert]) -> None:
    """Write alerts as they are now; what was there of them before is replaced."""
    if not changed:
        return
    # Past SQLAlchemy's handling of parameters, which takes longer than SQLite takes for the rows.
    words, parameters = _upsert(engine.dialect.name)
    rows = [parameters(_row(alert)) for alert in changed]
    with engine.begin() as connection:
        connection.exec_driver_sql(words, rows)


@cache
def _upsert(dialect: str) -> tuple[str, Callable[[dict[str, Any]], Any]]:
    """The statement, and what makes of a row what the driver takes."""
    kind = {"sqlite": sqlite, "postgresql": postgresql}[dialect]
    new = kind.insert(alerts)
    columns = [each.name for each in alerts.columns if not each.primary_key]
    taken_over = {name: new.excluded[name] for name in columns}
    upsert = new.on_conflict_do_update(index_elements=["fingerprint"], set_=taken_over)
    made = upsert.compile(dialect=kind.dialect())
    if made.positional:
        return str(made), itemgetter(*(made.positiontup or ()))
    return str(made), dict


def load_alerts(engine: Engine) -> list[Alert]:
    with reading(engine) as connection:
        return [_alert(row) for row in connection.execute(select(alerts))]


def forget_history(engine: Engine, before: float) -> None:
    """Forget what ended before then."""
    with engine.begin() as connection:
        connection.execute(delete(alert_history).where(alert_history.c.ends_at < before))


def load_history(
    engine: Engine,
    start: float,
    end: float,
    name: str | None,
    most: int,
    before: float | None = None,
) -> list[Alert]:
    """Alerts that fired within the time and have ended, by `before` if that is given, the newest
    first."""
    table = alert_history.c
    query = select(alert_history).where(table.ends_at >= start, table.starts_at <= end)
    if before is not None:
        query = query.where(table.ends_at <= before)
    if name is not None:
        query = query.where(table.name == name[:200])
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(table.ends_at.desc(), table.id.desc()).limit(most))
        return [
            Alert(
                _pairs(row.labels), _pairs(row.annotations), row.starts_at, row.ends_at, row.ends_at
            )
            for row in rows
        ]


def save_silence(engine: Engine, number: str, content: dict[str, Any], ends_at: float) -> None:
    row = {"id": number, "content": json.dumps(content), "ends_at": ends_at}
    with engine.begin() as connection:
        connection.execute(delete(silences).where(silences.c.id == number))
        connection.execute(insert(silences), row)


def load_silences(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return [json.loads(row.content) for row in connection.execute(select(silences))]


def forget_silences(engine: Engine, numbers: Sequence[str]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(silences).where(silences.c.id.in_(numbers)))


def save_acknowledgements(engine: Engine, rows: Sequence[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        for row in rows:
            same = acknowledgements.c.fingerprint == row["fingerprint"]
            if connection.execute(update(acknowledgements).where(same).values(row)).rowcount == 0:
                connection.execute(insert(acknowledgements), row)


def load_acknowledgements(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        rows = connection.execute(select(acknowledgements)).mappings()
        return [{key: value for key, value in row.items() if key != "id"} for row in rows]


def forget_acknowledgements(engine: Engine, fingerprints: Sequence[str]) -> None:
    with engine.begin() as connection:
        for start in range(0, len(fingerprints), _AT_ONCE):
            some = fingerprints[start : start + _AT_ONCE]
            connection.execute(
                delete(acknowledgements).where(acknowledgements.c.fingerprint.in_(some))
            )


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "labels": to_json(alert.labels).decode(),
        "annotations": to_json(alert.annotations).decode(),
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "updated_at": alert.updated_at,
        "generator_url": alert.generator_url,
        "timeout": alert.timeout,
    }


def _alert(row: Any) -> Alert:
    return Alert(
        _pairs(row.labels),
        _pairs(row.annotations),
        row.starts_at,
        row.ends_at,
        row.updated_at,
        row.generator_url,
        row.timeout,
    )


def _pairs(text: str) -> Labels:
    return _labels(json.loads(text))


def _labels(pairs: list[list[str]]) -> Labels:
    return tuple((name, value) for name, value in pairs)
