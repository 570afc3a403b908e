import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from opsbook.backups.source import Facts, SourceError
from tests.backups.sources.contract import Settings, SourceContract
from tests.backups.sources.work import Taken, make_source, make_work, take

_ROWS = 20_000


def make_database(path: Path, journal: str) -> Path:
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA journal_mode = {journal}")
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)")
        database.execute("CREATE INDEX items ON orders (item)")
        database.execute('CREATE TABLE "a ""quoted"" name" (x) ')
        rows = [(number, f"item {number}") for number in range(_ROWS)]
        database.executemany("INSERT INTO orders VALUES (?, ?)", rows)
    database.close()
    return path


class TestSqlite(SourceContract):
    kind = "sqlite"

    @pytest.fixture(params=["wal", "delete"])
    def healthy(self, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
        return {"path": str(make_database(tmp_path / "orders.db", request.param))}

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Settings:
        (tmp_path / "broken.db").write_bytes(b"no database at all" * 1000)
        return {"path": str(tmp_path / "broken.db")}

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> str:
        return str(tmp_path / "restored.db")

    @pytest.fixture
    def filled(self, tmp_path: Path) -> str:
        (tmp_path / "filled.db").touch()
        return str(tmp_path / "filled.db")

    def test_rows_are_counted_by_table(self, taken: Taken) -> None:
        assert taken.facts.counts == {"orders": _ROWS, 'a "quoted" name': 0}

    def test_a_flipped_bit_in_a_used_page_is_found(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        content = bytearray(taken.content["database.sqlite"])
        content[4096 * 10] ^= 1
        files = Taken(taken.facts, {"database.sqlite": bytes(content)}).files
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match=r"integrity|malformed"):
            source.readable("x", files["database.sqlite"](), make_work(tmp_path / "scratch"))

    def test_a_rehearsal_answers_queries_and_changes_nothing(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with source.rehearse(taken.files, taken.facts, work) as restored:
            assert restored.ask is not None
            assert restored.ask("SELECT max(id) FROM orders") == [(_ROWS - 1,)]
            with pytest.raises(SourceError, match="readonly"):
                restored.ask("DELETE FROM orders")

    def test_a_restored_database_with_other_rows_is_refused(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str
    ) -> None:
        taken.facts.counts["orders"] += 1
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match="orders has 20000, the backup had 20001"):
            source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        assert not Path(fresh).exists()

    def test_a_log_left_beside_the_target_is_refused(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str
    ) -> None:
        Path(f"{fresh}-wal").touch()
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match=r"restored\.db-wal exists"):
            source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))


def test_a_database_that_is_written_to_is_copied_as_of_one_moment(tmp_path: Path) -> None:
    path = make_database(tmp_path / "busy.db", "wal")
    done = threading.Event()

    def write() -> None:
        with sqlite3.connect(path) as writer:
            number = _ROWS
            while not done.is_set():
                writer.execute("INSERT INTO orders VALUES (?, 'more')", (number,))
                writer.execute('INSERT INTO "a ""quoted"" name" VALUES (1)')
                writer.commit()
                number += 1
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        taken = take(make_source("sqlite", {"path": str(path)}), make_work(tmp_path / "scratch"))
    finally:
        done.set()
        thread.join()
    assert taken.facts.counts["orders"] - _ROWS == taken.facts.counts['a "quoted" name']


def test_a_look_at_what_it_holds_leaves_no_log_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "orders.db"
    with closing(sqlite3.connect(place)) as orders:
        orders.execute("PRAGMA journal_mode = WAL")
        orders.execute("CREATE TABLE orders (id INTEGER)")
    source = make_source("sqlite", {"path": str(place)})
    source.places.holds(str(place), Facts(counts={"orders": 0}), make_work(tmp_path / "scratch"))
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["orders.db"]
