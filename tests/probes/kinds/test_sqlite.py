"""The `sqlite` kind against real files, whole and damaged."""

import asyncio
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ProbeContract, Settings

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with two jobs."""
    path = tmp_path / "jobs #1 100%?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, name, since)")
        connection.execute("CREATE INDEX by_name ON jobs (name)")
        connection.executemany(
            "INSERT INTO jobs (name) VALUES (?)", [("sweep",), ("dump" * 10_000,)]
        )
        connection.commit()
    return path


@pytest.fixture
def locked(file: Path) -> Iterator[Path]:
    """The same, held by somebody who writes."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        yield file


def of(path: Path, **changes: Any) -> dict[str, Any]:
    return {"path": str(path), **changes}


class TestSqlite(ProbeContract):
    kind: ClassVar[str] = "sqlite"

    @pytest.fixture
    async def healthy(self, file: Path) -> Settings:
        query = "SELECT count(*) FROM jobs WHERE name = ?"
        return of(file, integrity="full", query=query, parameters=["sweep"])

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> Settings:
        return of(tmp_path / "missing.db")

    async def test_a_file_is_measured(self, file: Path, healthy: Settings) -> None:
        measured = (await look("sqlite", healthy)).measurements
        assert measured["value"] == 1
        assert measured["integrity"] == "ok"
        assert measured["size_bytes"] == file.stat().st_size
        assert measured["wal_bytes"] == 0
        assert measured["free_percent"] == 0.0

    async def test_free_pages_are_a_share_of_the_file(self, file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DELETE FROM jobs")
            connection.commit()
        measured = (await look("sqlite", of(file))).measurements
        assert 50 < float(measured["free_percent"]) < 100

    async def test_a_missing_file_is_down_and_not_created(self, tmp_path: Path) -> None:
        path = tmp_path / "missing.db"
        outcome = await look("sqlite", of(path))
        assert outcome.state is State.DOWN
        assert "does not exist" in outcome.message
        assert not path.exists()

    async def test_an_empty_file_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.db"
        path.touch()
        assert (await look("sqlite", of(path))).state is State.DOWN

    async def test_a_directory_is_no_database(self, tmp_path: Path) -> None:
        assert (await look("sqlite", of(tmp_path))).state is State.DOWN

    async def test_what_is_not_a_database_is_told_in_the_words_of_sqlite(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "text.db"
        path.write_bytes(b"not at all" * 1000)
        outcome = await look("sqlite", of(path))
        assert outcome.state is State.DOWN
        assert "file is not a database" in outcome.message

    @pytest.mark.parametrize("integrity", ["quick", "full"])
    async def test_damage_is_found_and_told(self, file: Path, integrity: str) -> None:
        content = bytearray(file.read_bytes())
        content[4096:8192] = os.urandom(4096)
        file.write_bytes(content)
        assert (await look("sqlite", of(file))).state is State.UP
        outcome = await look("sqlite", of(file, integrity=integrity))
        assert outcome.state is State.DOWN
        assert "damaged" in outcome.message or "malformed" in outcome.message

    async def test_an_index_that_lies_is_found_by_the_full_check_only(self, file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(
                "UPDATE sqlite_schema SET sql = 'CREATE INDEX by_name ON jobs (since)'"
                " WHERE name = 'by_name'"
            )
            connection.commit()
        assert (await look("sqlite", of(file, integrity="quick"))).state is State.UP
        outcome = await look("sqlite", of(file, integrity="full"))
        assert outcome.state is State.DOWN
        assert "missing from index by_name" in outcome.message

    @pytest.mark.parametrize(
        "query", ["SELECT since FROM jobs", "SELECT 1 WHERE false", "SELECT max(since) FROM jobs"]
    )
    async def test_nothing_found_is_unknown_and_never_zero(self, file: Path, query: str) -> None:
        settings = of(file, query=query)
        outcome = await look("sqlite", settings, conditions={"value": {"at_least": 0}})
        assert outcome.state is State.UNKNOWN
        assert "value" not in outcome.measurements

    async def test_a_query_that_fails_is_down(self, file: Path) -> None:
        outcome = await look("sqlite", of(file, query="SELECT 1 FROM nope"))
        assert outcome.state is State.DOWN
        assert "no such table: nope" in outcome.message

    @pytest.mark.parametrize(
        "query",
        [
            "DELETE FROM jobs",
            "VACUUM INTO 'copy.db'",
            "ATTACH 'copy.db' AS other",
            "SELECT ?",
            "SELECT 1; SELECT 2",
        ],
    )
    async def test_a_query_that_is_not_one_reading_statement_is_unknown(
        self, file: Path, query: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(file.parent)
        before = file.read_bytes()
        outcome = await look("sqlite", of(file, query=query))
        assert outcome.state is State.UNKNOWN
        assert file.read_bytes() == before
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    async def test_parameters_are_bound_and_not_pasted(self, file: Path) -> None:
        query = "SELECT count(*) FROM jobs WHERE name = ?"
        outcome = await look("sqlite", of(file, query=query, parameters=["' OR 1 = 1 --"]))
        assert outcome.measurements["value"] == 0

    async def test_a_locked_file_is_down_after_a_second(self, locked: Path) -> None:
        outcome = await look("sqlite", of(locked))
        assert outcome.state is State.DOWN
        assert "database is locked" in outcome.message
        assert 0.9 < outcome.duration < 2

    async def test_a_file_that_is_written_to_can_be_read(self, file: Path) -> None:
        done = threading.Event()
        with closing(sqlite3.connect(file, isolation_level=None)) as writer:
            writer.execute("PRAGMA journal_mode = WAL")

        def write() -> None:
            with closing(sqlite3.connect(file, isolation_level=None)) as connection:
                while not done.is_set():
                    connection.execute("INSERT INTO jobs (name) VALUES ('more')")

        thread = threading.Thread(target=write)
        thread.start()
        try:
            settings = of(file, query="SELECT count(*) FROM jobs", integrity="quick")
            outcomes = [await look("sqlite", settings) for _ in range(10)]
        finally:
            done.set()
            thread.join()
        assert {outcome.state for outcome in outcomes} == {State.UP}
        assert float(outcomes[-1].measurements["wal_bytes"]) > 0

    async def test_what_a_crashed_writer_left_is_read_and_not_tidied_up(
        self, file: Path, tmp_path: Path
    ) -> None:
        left = tmp_path / "left"
        left.mkdir()
        with closing(sqlite3.connect(file, isolation_level=None)) as writer:
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("INSERT INTO jobs (name) VALUES ('more')")
            for path in (file, Path(f"{file}-wal")):
                shutil.copy(path, left)
        before = (left / file.name).read_bytes()
        settings = of(left / file.name, query="SELECT count(*) FROM jobs")
        assert (await look("sqlite", settings)).measurements["value"] == 3
        assert (left / file.name).read_bytes() == before

    async def test_a_journal_that_only_a_writer_may_roll_back_is_unknown(
        self, file: Path, tmp_path: Path
    ) -> None:
        left = tmp_path / "left"
        left.mkdir()
        with closing(sqlite3.connect(file, isolation_level=None)) as writer:
            writer.execute("PRAGMA cache_size = 1")
            writer.execute("BEGIN")
            writer.execute("UPDATE jobs SET name = 'x' || name || 'y'")
            for path in (file, Path(f"{file}-journal")):
                shutil.copy(path, left)
        before = (left / file.name).read_bytes()
        outcome = await look("sqlite", of(left / file.name))
        assert outcome.state is State.UNKNOWN
        assert (left / file.name).read_bytes() == before

    async def test_a_stopped_look_stops_its_query(self, file: Path) -> None:
        outcome = await look("sqlite", of(file, query=ENDLESS), timeout="200ms")
        assert "no answer from" in outcome.message
        assert outcome.duration < 1
        assert open_files_of(file) == 0

    @pytest.mark.parametrize("delay", [0, 0.0005, 0.001, 0.002])
    async def test_a_look_stopped_while_it_begins_stops(self, file: Path, delay: float) -> None:
        assert await seconds_to_stop(of(file, query=ENDLESS), delay) < 1
        assert open_files_of(file) == 0

    async def test_a_stopped_look_stops_its_check(self, tmp_path: Path) -> None:
        path = tmp_path / "large.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA page_size = 512")
            # One long chain of pages, which the check follows without a step of the machine.
            connection.execute("CREATE TABLE t AS SELECT zeroblob(150000000)")
            connection.commit()
        whole = await look("sqlite", of(path, integrity="quick"))
        assert whole.measurements["integrity"] == "ok"
        stopping = await seconds_to_stop(of(path, integrity="quick"), whole.duration / 10)
        assert stopping < whole.duration / 2
        assert open_files_of(path) == 0

    async def test_what_somebody_else_holds_locked_ends_soon_after_the_deadline(
        self, locked: Path
    ) -> None:
        started = time.monotonic()
        await look("sqlite", of(locked), timeout="100ms")
        assert time.monotonic() - started < 2


async def seconds_to_stop(settings: Settings, delay: float) -> float:
    """How long a look lasts that is cancelled after a delay."""
    looking = asyncio.create_task(make_check("sqlite", settings).probe.look())
    await asyncio.sleep(delay)
    started = time.monotonic()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    return time.monotonic() - started


def open_files_of(path: Path) -> int:
    """How many descriptors of this process are this file."""
    return sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir())
