"""Whatever dies during a maintenance: the next life ends it, each task is written down once, and no
row is lost or doubled."""

import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.crash.maintenance import begin
from tests.databases.servers import database
from tests.servers.postgres import Postgres, postgres
from tests.state.databases import url_of

_FORKS = multiprocessing.get_context("forkserver")
# What a life imports takes longer than all that it does.
_FORKS.set_forkserver_preload(["tests.crash.preloaded", "tests.crash.maintenance"])
ROWS = 1000
OLD = 600
SQLITE = [
    "before plan",
    "after begin",
    "before carry_out 2",
    "amid DELETE",
    "after _write_down 2",
    "before record",
    "after record",
]
POSTGRES = ["after _write_down 2", "amid DELETE", "amid REINDEX", "amid CREATE"]
MADE = (
    "CREATE TABLE requests (id int PRIMARY KEY, made timestamptz, text text)",
    "CREATE TABLE archive (LIKE requests)",
    f"""INSERT INTO requests SELECT n, now() - CASE WHEN n <= {OLD} THEN interval '31 days' ELSE
    interval '1 day' END, 'x' FROM generate_series(1, {ROWS}) n""",  # noqa: S608 - constants
    "CREATE INDEX requests_made ON requests (made)",
)
COUNTED = """
    SELECT count(*) || ' ' || count(DISTINCT id)
    FROM (SELECT id FROM requests UNION ALL SELECT id FROM archive) x
"""
INDEXES = """
    SELECT array_agg(c.relname::text ORDER BY c.relname)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = 'requests'::regclass
"""
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
BOTH = "SELECT id FROM requests UNION ALL SELECT id FROM archive"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(autovacuum="off") as running:
        yield running


@pytest.fixture(scope="module")
def state(server: Postgres) -> str:
    """To bring it to its schema takes longer than a maintenance: it is that of all tests."""
    name = database(server).server.database
    return url_of(replace(server, database=name)).render_as_string(hide_password=False)


def filled(file: Path) -> Path:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, made TEXT, text TEXT)")
        connection.execute("CREATE TABLE archive (id INTEGER, made TEXT, text TEXT)")
        days = [(n, "-31 days" if n <= OLD else "-1 day") for n in range(1, ROWS + 1)]
        connection.executemany("INSERT INTO requests VALUES (?, datetime('now', ?), 'x')", days)
    return file


def life(directory: Path, state: str, point: str, books: str = "") -> dict[str, Any]:
    """What came of it; empty for one that was killed, as it was to be."""
    process = _FORKS.Process(target=begin, args=(directory, state, point, books))
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode == (0 if point == "nowhere" else -9), "see its words"
    told = directory / "told"
    found: dict[str, Any] = json.loads(told.read_text("utf-8")) if told.exists() else {}
    return found


def check(after: dict[str, Any], tasks: int) -> None:
    assert [each["end"] for each in after["result"]["results"]] == ["done"] * tasks, after
    assert after["result"]["trouble"] == ""
    assert after["told"].count("database.task") == tasks, after["told"]
    assert after["told"].count("database.maintenance.begun") == 1
    assert after["told"].count("database.maintenance.ended") == 1


@pytest.mark.parametrize("point", SQLITE)
def test_killed_anywhere_the_next_life_ends_the_maintenance(tmp_path: Path, point: str) -> None:
    file = filled(tmp_path / "books.db")
    life(tmp_path, "sqlite", point)
    check(life(tmp_path, "sqlite", "nowhere"), 3)
    with closing(sqlite3.connect(file)) as connection:
        (left,) = connection.execute("SELECT count(*) FROM requests").fetchone()
        both = [row for (row,) in connection.execute(BOTH)]
    assert (left, sorted(both)) == (ROWS - OLD, list(range(1, ROWS + 1)))


@pytest.mark.parametrize("point", POSTGRES)
def test_killed_anywhere_on_a_server_nothing_is_left_behind(
    tmp_path: Path, server: Postgres, state: str, point: str
) -> None:
    place = database(server)
    place.execute(*MADE)
    with place.server.connect() as other:
        if point.split()[1] in ("REINDEX", "CREATE"):
            other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            other.execute("SELECT 1 FROM requests LIMIT 1")
        life(tmp_path, state, point, place.url())
    made = ["requests_made", "requests_pkey", "requests_text"]
    check(life(tmp_path, state, "nowhere", place.url()), 3 if "CREATE" in point else 4)
    assert place.value(COUNTED) == f"{ROWS} {ROWS}"
    assert place.value("SELECT count(*) FROM requests") == ROWS - OLD
    assert (place.value(INDEXES), place.value(INVALID)) == (made, 0)
