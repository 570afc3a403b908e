"""Databases for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger


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
