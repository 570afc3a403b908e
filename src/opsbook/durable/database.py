"""The database of runs: `runs.db` in the data directory, or a schema of its own in PostgreSQL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from opsbook.state.database import over_the_network

SCHEMA = "opsbook_runs"
"""In PostgreSQL."""
_WORTH_IT = 1024 * 1024
"""Bytes that nobody uses, from which on it is worth to write the file anew."""


def located(url: URL | str) -> URL:
    """The URL with an absolute path: a relative one would mean another file after a chdir."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return parsed
    return parsed.set(database=str(Path(parsed.database or "").absolute()))


def connect(url: URL | str) -> Engine:
    """An engine whose writes survive kill -9 and a power failure. It opens nothing yet."""
    parsed = located(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        pool_size=5,
        max_overflow=15,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=over_the_network("opsbook runs"),
    )


def refuse_when(engine: Engine, closed: Callable[[], bool]) -> None:
    """Give no new connection any more once `closed`, and keep none that is given back then.

    A thread that tries for ever to reach a database that is gone would keep the process from
    ending: this error is none that it tries again after. One that was still busy gives its
    connection back to a pool that nobody disposes of any more.
    """

    def refuse(*_: Any) -> None:
        if closed():
            raise RuntimeError("the database of runs is closed")

    def end(_: Any, record: ConnectionPoolEntry) -> None:
        if closed():
            record.invalidate()

    event.listen(engine, "do_connect", refuse)
    event.listen(engine, "checkin", end)


def shrink(engine: Engine) -> None:
    """Give back to the disk what nobody uses. SQLite keeps it otherwise, and its log too."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        free = connection.execute(text("PRAGMA freelist_count")).scalar_one()
        size = connection.execute(text("PRAGMA page_size")).scalar_one()
        if free * size >= _WORTH_IT:
            connection.execute(text("VACUUM"))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=-1,
        hide_parameters=True,
        connect_args={"timeout": 30},
    )
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: Any, _: Any) -> None:
    # DBOS writes before it reads where that matters; its other reads need no writer's lock.
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "busy_timeout = 30000",
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def make_private(url: URL) -> None:
    """SQLite would make its file readable for all, and its other files take after it."""
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").touch(mode=0o600)


def exists(url: URL) -> bool:
    """Whether there is a file to open: SQLite would make one for whoever only looks."""
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()
