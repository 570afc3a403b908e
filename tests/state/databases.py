"""Databases for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table
from sqlalchemy.engine import URL

from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger
from tests.servers.postgres import Postgres


@contextmanager
def ledger_in(directory: Path) -> Iterator[tuple[Engine, Ledger]]:
    """A ledger in a database of its own, closed at the end."""
    engine = connect(sqlite_url(directory / "state.db"))
    ledger = Ledger(engine, SystemClock())
    try:
        yield engine, ledger
    finally:
        ledger.close()
        engine.dispose()


@contextmanager
def each_database(
    request: pytest.FixtureRequest, directory: Path, *tables: Table
) -> Iterator[Engine]:
    """SQLite, or what the test calls `server`, by the parameter of a fixture; `tables` are empty
    and are emptied at the end."""
    kind = request.param
    url = sqlite_url(directory / "state.db")
    engine = connect(url if kind == "sqlite" else url_of(request.getfixturevalue("server")))
    yield engine
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.delete())
    engine.dispose()


def url_of(server: Postgres) -> URL:
    return URL.create(
        "postgresql+psycopg",
        server.user,
        server.password,
        server.host,
        server.port,
        server.database,
    )
