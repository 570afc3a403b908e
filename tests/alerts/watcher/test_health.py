"""Whether the watch is really working."""

import sqlite3
from pathlib import Path

from opsbook.alerts.watcher.health import Health
from opsbook.state.database import connect, sqlite_url


def test_the_first_trouble_is_the_reason(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    health = Health(engine, {"ledger": lambda: None, "store": lambda: "disk full"})
    assert health() == "store: disk full"


def test_a_table_of_notices_that_takes_no_row_is_a_reason(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    health = Health(engine, {"ledger": lambda: None})
    assert health() == ""
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("DROP TABLE notices")
    assert health() == "notices cannot be written down: no such table: notices"


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    assert Health(engine, {})() == ""
    with sqlite3.connect(tmp_path / "state.db") as connection:
        assert connection.execute("SELECT count(*) FROM notices").fetchone() == (0,)
