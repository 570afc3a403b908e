import dataclasses
import io
import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from opsbook.backups.source import Facts, SourceError
from opsbook.core.procfs import all_pids, command_name
from tests.backups.sources.contract import Settings, SourceContract, ThrowawayContract, children
from tests.backups.sources.work import Taken, make_source, make_work, take
from tests.servers.loopback import free_port
from tests.servers.postgres import Postgres, binaries, postgres

_ROWS = 30_000
_DATABASE = (
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    # Dumped and restored, the text of this CHECK is another.
    "CREATE TABLE orders (id serial PRIMARY KEY, item varchar(9) CHECK (item IN ('a', 'b')))",
    "INSERT INTO orders (item) SELECT 'a' FROM generate_series(1, 30000)",
    'CREATE TABLE "strange ""name" (x mood)',
    "CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at)",
    "CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "INSERT INTO parts VALUES (1, '2026-11-21')",
    "CREATE INDEX ON orders (lower(item)) WHERE id > 5",
    "CREATE VIEW latest AS SELECT * FROM orders ORDER BY id DESC LIMIT 1",
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE orders OWNER TO shopkeeper",
    "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON orders TO shopkeeper USING (id > 0)",
    "SELECT lo_create(4711)",
)


@pytest.fixture(scope="module", params=[15, 17, 18])
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with postgres(request.param) as running:
        running.execute("CREATE ROLE shopkeeper LOGIN PASSWORD 'hash-me'", "CREATE DATABASE shop")
        with running.connect(dbname="shop") as connection:
            for statement in _DATABASE:
                connection.execute(statement.encode())
        yield running


def url(server: Postgres, database: str = "shop") -> str:
    return f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/{database}"


def query(server: Postgres, text: str, database: str = "postgres") -> list[tuple[Any, ...]]:
    with server.connect(dbname=database) as connection:
        return connection.execute(text.encode()).fetchall()


@pytest.fixture
def places() -> Iterator[Path]:
    """Short, for the name of a Unix socket has 108 bytes at most."""
    path = Path(tempfile.mkdtemp(prefix="opsbook-places-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


class PostgresContract(SourceContract, ThrowawayContract):
    kind = "postgres"
    secret = "pg-s3cret-pass"

    @pytest.fixture
    def broken(self, server: Postgres) -> Settings:
        return {"database": url(server, "nowhere"), "bin": str(server.binaries)}

    @pytest.fixture
    def fresh(self, server: Postgres) -> Iterator[str]:
        server.execute("DROP DATABASE IF EXISTS restored")
        yield "restored"
        server.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")

    @pytest.fixture
    def filled(self) -> str:
        return "postgres"


class TestPostgres(PostgresContract):
    """With a temporary server for rehearsals."""

    @pytest.fixture
    def healthy(self, server: Postgres, places: Path) -> Settings:
        settings = {"database": url(server), "bin": str(server.binaries)}
        return {**settings, "rehearse_in": str(places)}

    def remains(self, settings: Settings) -> list[str]:
        return [path.name for path in Path(settings["rehearse_in"]).iterdir()]

    def test_rows_are_counted_by_table(self, taken: Taken) -> None:
        assert taken.facts.counts == {
            "public.orders": _ROWS,
            'public.strange "name': 0,
            "public.parts_2026": 1,
            "large objects": 1,
        }

    def test_passwords_of_roles_are_not_kept(self, taken: Taken) -> None:
        assert b"shopkeeper" in taken.content["globals.sql"]
        assert b"SCRAM" not in taken.content["globals.sql"]
        assert "roles are kept without their passwords" in taken.facts.remarks

    def test_a_rehearsal_answers_queries_and_changes_nothing(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with source.rehearse(taken.files, taken.facts, work) as restored:
            assert restored.ask is not None
            assert restored.ask("SELECT max(id) FROM public.orders") == [(_ROWS,)]
            with pytest.raises(SourceError, match="read-only"):
                restored.ask("DELETE FROM public.orders")

    def test_owners_come_back(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str, server: Postgres
    ) -> None:
        source = make_source(self.kind, healthy)
        source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"
        assert query(server, owner, fresh) == [("shopkeeper",)]

    def test_a_restore_that_fails_leaves_no_database(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str, server: Postgres
    ) -> None:
        cut = Taken(taken.facts, {"database.dump": taken.content["database.dump"][:-5000]})
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match="pg_restore"):
            source.restore(cut.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        assert (fresh,) not in query(server, "SELECT datname FROM pg_database")

    def test_other_rows_than_were_backed_up_are_told(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str
    ) -> None:
        taken.facts.counts["public.orders"] += 1
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match=f"orders has {_ROWS}, the backup had {_ROWS + 1}"):
            source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))

    def test_a_table_that_changes_meanwhile_is_counted_as_it_is_dumped(
        self, healthy: Settings, tmp_path: Path, server: Postgres
    ) -> None:
        source, done = make_source(self.kind, healthy), threading.Event()

        def write() -> None:
            with server.connect(dbname="shop") as connection:
                while not done.is_set():
                    connection.execute("INSERT INTO parts VALUES (2, '2026-11-22')")
                connection.execute("DELETE FROM parts WHERE id = 2")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            time.sleep(0.2)
            taken = take(source, make_work(tmp_path / "scratch"))
        finally:
            done.set()
            writer.join()
        with source.rehearse(taken.files, taken.facts, make_work(tmp_path / "scratch")) as restored:
            assert restored.counts == taken.facts.counts
            assert restored.counts["public.parts_2026"] > 1

    def test_rows_that_take_too_long_to_count_are_estimated_and_said(
        self, healthy: Settings, tmp_path: Path
    ) -> None:
        source = make_source(self.kind, {**healthy, "count_within": "1ms"})
        taken = take(source, make_work(tmp_path / "scratch"))
        assert "public.orders" in taken.facts.details["estimated_rows"]
        assert "public.orders" not in taken.facts.counts
        assert any("estimated" in remark for remark in taken.facts.remarks)

    def test_a_pg_dump_that_is_killed_is_an_error(self, healthy: Settings, tmp_path: Path) -> None:
        source = make_source(self.kind, healthy)
        with (
            pytest.raises(SourceError, match="pg_dump was killed by signal 9"),
            source.parts(make_work(tmp_path / "scratch"), Facts()) as parts,
        ):
            for block in next(parts).read():
                assert block
                for pid in children():
                    if command_name(pid) == "pg_dump":
                        os.kill(pid, signal.SIGKILL)

    def test_a_locked_table_is_not_waited_for_longer_than_said(
        self, healthy: Settings, tmp_path: Path, server: Postgres
    ) -> None:
        source = make_source(self.kind, {**healthy, "lock_wait": "300ms"})
        with server.connect(dbname="shop") as holder, holder.transaction():
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(SourceError, match="LOCK TABLE"):
                take(source, make_work(tmp_path / "scratch"))

    def test_stopping_in_the_middle_frees_the_server(
        self, healthy: Settings, tmp_path: Path, server: Postgres
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with server.connect(dbname="shop") as holder, holder.transaction():
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            threading.Timer(0.5, work.stopping.set).start()
            started = time.monotonic()
            with pytest.raises(SourceError):
                take(source, work)
            assert time.monotonic() - started < 10
        others = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'opsbook%'"
        _eventually(lambda: query(server, others) == [(0,)])

    def test_a_file_where_a_bit_flipped_does_not_pass_as_the_same(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        dump = bytearray(taken.content["database.dump"])
        dump[2] ^= 1
        files = Taken(taken.facts, {"database.dump": bytes(dump)}).files
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match="pg_restore"):
            source.readable("database.dump", files["database.dump"](), make_work(tmp_path / "s"))


class TestPostgresOnAGivenServer(PostgresContract):
    """With a scratch database for rehearsals."""

    @pytest.fixture
    def healthy(self, server: Postgres) -> Settings:
        settings = {"database": url(server), "bin": str(server.binaries)}
        return {**settings, "rehearse_on": url(server, "postgres")}

    def remains(self, settings: Settings) -> list[str]:
        with psycopg.connect(settings["rehearse_on"]) as connection:
            names = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'opsbook%'"
            ).fetchall()
        return [name for (name,) in names]


class TestPostgresInADirectory(PostgresContract):
    """Several tables at once, a file for each."""

    @pytest.fixture
    def healthy(self, server: Postgres, places: Path) -> Settings:
        settings = {"database": url(server), "bin": str(server.binaries), "format": "directory"}
        return {**settings, "rehearse_in": str(places)}

    def remains(self, settings: Settings) -> list[str]:
        return [path.name for path in Path(settings["rehearse_in"]).iterdir()]

    def test_what_was_read_once_is_described(self, taken: Taken) -> None:
        empty = [name for name, content in taken.content.items() if not content]
        assert [name.removesuffix(".zst") for name in empty] == ["dump-blob_4711.dat"]
        json.dumps(dataclasses.asdict(taken.facts))

    def test_each_table_is_a_file_of_its_own(self, taken: Taken) -> None:
        names = list(taken.content)
        rows = [name for name in names if name.endswith((".dat", ".dat.zst"))][1:]
        assert names[0] == "dump-toc.dat"
        assert names[-1] == "globals.sql"
        assert len(rows) >= 3

    def test_all_tables_are_of_the_moment_that_was_counted(
        self, healthy: Settings, tmp_path: Path, server: Postgres
    ) -> None:
        source, done = make_source(self.kind, healthy), threading.Event()

        def write() -> None:
            with server.connect(dbname="shop") as connection:
                while not done.is_set():
                    connection.execute("INSERT INTO parts VALUES (2, '2026-11-22')")
                connection.execute("DELETE FROM parts WHERE id = 2")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            time.sleep(0.2)
            taken = take(source, make_work(tmp_path / "scratch"))
        finally:
            done.set()
            writer.join()
        with source.rehearse(taken.files, taken.facts, make_work(tmp_path / "scratch")) as restored:
            assert restored.counts == taken.facts.counts
            assert restored.counts["public.parts_2026"] > 1

    def test_rows_that_are_cut_off_are_found(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source = make_source(self.kind, healthy)
        name = max(taken.content, key=lambda name: len(taken.content[name]))
        cut = io.BytesIO(taken.content[name][:-1])
        with pytest.raises(SourceError, match=r"does not come to its end|not one whole frame"):
            source.readable(name, cut, make_work(tmp_path / "scratch"))

    def test_a_name_that_leads_elsewhere_is_refused(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        files = {**taken.files, "dump-../../evil": lambda: io.BytesIO(b"x")}
        with (
            pytest.raises(SourceError, match="is no file of a dump"),
            source.rehearse(files, taken.facts, work),
        ):
            pass
        assert list(work.scratch.iterdir()) == []


def test_an_older_pg_dump_is_refused(tmp_path: Path) -> None:
    with postgres() as newer:
        settings = {"database": url(newer, "postgres"), "bin": str(binaries(15))}
        source = make_source("postgres", settings)
        with pytest.raises(SourceError, match="pg_dump 15 is older than the server, which is 18"):
            take(source, make_work(tmp_path / "scratch"))


def test_a_server_that_dies_in_the_middle_is_an_error(tmp_path: Path) -> None:
    with postgres() as server:
        with server.connect() as connection:
            connection.execute(
                "CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 50000)"
            )
        settings = {"database": url(server, "postgres"), "bin": str(server.binaries)}
        source = make_source("postgres", settings)
        with (
            pytest.raises(SourceError),
            source.parts(make_work(tmp_path / "scratch"), Facts()) as parts,
        ):
            for _ in next(parts).read():
                _kill(server)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = make_source("postgres", {"database": f"postgresql://x@127.0.0.1:{free_port()}/y"})
    with pytest.raises(SourceError, match="Connection refused"):
        take(source, make_work(tmp_path / "scratch"))


def _kill(server: Postgres) -> None:
    """Every process of a server that this test started: by its own data directory."""
    for pid in all_pids():
        try:
            if Path(f"/proc/{pid}/cwd").readlink() == server.directory:
                os.kill(pid, signal.SIGKILL)
        except OSError:
            continue


def _eventually(holds: Any) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
