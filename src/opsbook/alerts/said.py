"""What the ledger says of each alert: that it fires, or that it has ended. Written in the
transaction of the entry that says it, so that it is never said twice, nor left unsaid."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, Engine, Float, String, Table, delete, insert, select

from opsbook.alerts.model import Alert
from opsbook.alerts.store import alert_history, alerts
from opsbook.state.database import reading
from opsbook.state.tables import metadata

_AT_ONCE = 500
"""Rows of one statement."""

alerts_said = Table(
    "alerts_said",
    metadata,
    Column("fingerprint", String(16), primary_key=True),
    Column("starts_at", Float, nullable=False),
    Column("ends_at", Float, nullable=True),
)
"""One row per alert that the ledger has named lately; `ends_at` is missing while it fires."""


@dataclass(frozen=True, slots=True)
class Said:
    """The last that the ledger says of an alert. Times in seconds since 1970."""

    starts_at: float
    ends_at: float | None

    def over(self, alert: Alert) -> bool:
        """Whether the alert has ended by that, and was not heard of since."""
        return self.ends_at is not None and alert.updated_at <= self.ends_at

    def of_earlier(self, alert: Alert) -> bool:
        """Whether it fires by that, and the alert came again since."""
        return self.ends_at is None and alert.starts_at > self.starts_at


def load_said(engine: Engine) -> dict[str, Said]:
    """By fingerprint. Blocks."""
    with reading(engine) as connection:
        rows = connection.execute(select(alerts_said))
        return {row.fingerprint: Said(row.starts_at, row.ends_at) for row in rows}


def say_fires(connection: Connection, fired: Sequence[Alert]) -> None:
    """The ledger has it that these fire."""
    _say(connection, {alert.fingerprint: Said(alert.starts_at, None) for alert in fired})


def say_ended(connection: Connection, ended: Sequence[Alert]) -> None:
    """The ledger has it that these have ended, and so has the history."""
    _say(connection, {alert.fingerprint: Said(alert.starts_at, alert.ends_at) for alert in ended})
    rows = [
        {
            "fingerprint": alert.fingerprint,
            "name": alert.name[:200],
            "labels": json.dumps(alert.labels),
            "annotations": json.dumps(alert.annotations),
            "starts_at": alert.starts_at,
            "ends_at": alert.ends_at,
        }
        for alert in ended
    ]
    connection.execute(insert(alert_history), rows)


def forget_alerts(engine: Engine, gone: Sequence[Alert]) -> None:
    """Forget what has ended. What fires by the ledger is kept: its end has yet to be said, by
    another life if need be. Blocks."""
    numbers, of = [alert.fingerprint for alert in gone], alerts_said.c
    fires = select(of.fingerprint).where(of.ends_at.is_(None))
    with engine.begin() as connection:
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            row = alerts.c.fingerprint
            connection.execute(delete(alerts).where(row.in_(some), row.not_in(fires)))
            over = of.fingerprint.in_(some) & of.ends_at.is_not(None)
            connection.execute(delete(alerts_said).where(over))


def _say(connection: Connection, said: Mapping[str, Said]) -> None:
    connection.execute(delete(alerts_said).where(alerts_said.c.fingerprint.in_(said)))
    rows = [{"fingerprint": number, **asdict(each)} for number, each in said.items()]
    connection.execute(insert(alerts_said), rows)
