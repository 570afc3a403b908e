"""What is closed keeps no connection, also where somebody was still busy with one."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from opsbook.durable.database import connect, refuse_when


def test_a_connection_that_is_given_back_after_the_end_is_closed(tmp_path: Path) -> None:
    closed = False
    engine = connect(f"sqlite:///{tmp_path / 'runs.db'}")
    refuse_when(engine, lambda: closed)
    busy = engine.raw_connection()
    beneath: Any = busy.dbapi_connection
    closed = True
    engine.dispose()
    busy.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        beneath.execute("SELECT 1")


def test_nobody_connects_after_the_end(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'runs.db'}")
    refuse_when(engine, lambda: True)
    with pytest.raises(RuntimeError, match="closed"):
        engine.connect()
