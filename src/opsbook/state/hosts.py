"""Further hosts: who carries out steps there, and when each was last heard of."""

import os
import socket
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    String,
    Table,
    extract,
    func,
    select,
)

import opsbook
from opsbook.state.database import reading
from opsbook.state.tables import metadata

hosts = Table(
    "hosts",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("machine", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(40), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)
"""One row per agent. Times are those of the database: clocks of hosts differ."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An agent, as it was last heard of."""

    machine: str
    pid: int
    version: str
    age: float
    """Seconds since then."""


def say_hello(engine: Engine, name: str) -> None:
    """Write down that the agent of a host begins, and is this process. Blocks."""
    row = {"machine": socket.gethostname(), "pid": os.getpid(), "version": opsbook.__version__}
    with engine.begin() as connection:
        now = _now(connection)
        connection.execute(hosts.delete().where(hosts.c.name == name))
        connection.execute(hosts.insert().values(name=name, started_at=now, seen_at=now, **row))


def beat(engine: Engine, name: str) -> None:
    """Write down that the agent of a host still works. Blocks."""
    with engine.begin() as connection:
        now = _now(connection)
        connection.execute(hosts.update().where(hosts.c.name == name).values(seen_at=now))


def heard(engine: Engine) -> dict[str, Heard]:
    """Host → its agent, for those that ever came. Blocks."""
    with reading(engine) as connection:
        now = _now(connection)
        return {
            row.name: Heard(row.machine, row.pid, row.version, max(0.0, now - row.seen_at))
            for row in connection.execute(select(hosts))
        }


def _now(connection: Connection) -> float:
    """Seconds since 1970, by the clock of the database."""
    return float(connection.execute(select(extract("epoch", func.now()))).scalar_one())
