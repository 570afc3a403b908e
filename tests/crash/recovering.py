"""Lives of a platform that recovers, one after the other, and whether what they leave is right."""

import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from opsbook.backups.settings import backup_settings_for
from opsbook.backups.vault import Vault
from opsbook.core.clock import SystemClock
from opsbook.core.procfs import all_pids
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import read_entries, verify
from tests.backups.sources.work import make_work
from tests.crash.forks import FORKS
from tests.crash.loading import SLOW
from tests.crash.recover import Scenario, begin
from tests.crash.test_kill_9 import copies
from tests.servers.postgres import Postgres

_AT_MOST = 90.0
GOOD, BAD = "good", "bad"
_SHOP = (
    *SLOW,
    "CREATE TABLE state AS SELECT 'good' AS state",
)


class Recovering:
    """All lives on the same book, data and databases."""

    def __init__(self, directory: Path, server: Postgres, scenario: Scenario) -> None:
        """`scenario.url` is that of an empty database. A backup is made of good content, which
        is bad from then on."""
        self.directory, self._server = directory, server
        (directory / "tmp").mkdir(parents=True)
        self._used = str(make_url(scenario.url).database)
        self._scenario = scenario
        self._fill()
        self._book = self._scenario.book(directory)
        self._back_up()
        self._spoil()
        self._before = self._databases()

    def live(self, deaths: Path | None = None) -> bool:
        """One life, killed at a point that is not in `deaths`; whether it was."""
        life = FORKS.Process(target=begin, args=(self._book, self._scenario, deaths))
        life.start()
        life.join(_AT_MOST)
        if life.exitcode is None:
            life.kill()
            life.join()
            raise AssertionError("a life came to no end")
        assert life.exitcode in (0, -9), f"a life ended with {life.exitcode}, see its words"
        return life.exitcode != 0

    def check_dead(self) -> None:
        """Nothing claims success that is none, and who is down is not said to be well."""
        told = self._told()
        if told["run.ended"]:
            self._check_content()
            assert len(copies(self.directory)) == 1
        assert len(copies(self.directory)) <= 1

    def check(self) -> None:
        """What is used, what is kept, what is told; and nothing is left over."""
        self._check_content()
        self._check_left()
        assert len(copies(self.directory)) == 1
        told = self._told()
        assert told["run.ended"] == 1
        assert {name: count for name, count in told.items() if count != 1} == {}

    def end(self) -> None:
        """All that works in the directory: the service, and orphans of lives that died."""
        for pid in all_pids():
            with suppress(OSError):
                if Path(f"/proc/{pid}/cwd").readlink().is_relative_to(self.directory):
                    os.kill(pid, signal.SIGKILL)

    def _fill(self) -> None:
        with psycopg.connect(self._scenario.url, autocommit=True) as shop:
            for statement in _SHOP:
                shop.execute(statement.encode())
        with closing(sqlite3.connect(self.directory / "orders.db")) as orders:
            orders.execute("PRAGMA journal_mode = WAL")
            orders.execute("CREATE TABLE state AS SELECT 'good' AS state")
            orders.commit()

    def _back_up(self) -> None:
        section = self._scenario.backups(self.directory)
        settings = backup_settings_for(section).model_validate(section)
        engine = connect(sqlite_url(self.directory / "vault.db"))
        vault = Vault("small", settings, engine, self.directory / "scratch", SystemClock())
        for name in settings.sets:
            halt = make_work(self.directory / "w").stopping
            made = vault.make(name, vault.begin(name), "daily", halt)
            assert not made["errors"], made
        vault.close()
        engine.dispose()

    def _spoil(self) -> None:
        """As a service leaves it that was killed: with a log beside the database."""
        with psycopg.connect(self._scenario.url, autocommit=True) as shop:
            shop.execute(b"UPDATE state SET state = 'bad'")
        used, aside = self.directory / "orders.db", self.directory / "aside"
        aside.mkdir()
        with closing(sqlite3.connect(used)) as orders:
            orders.execute("UPDATE state SET state = 'bad'")
            orders.commit()
            for file in self.directory.glob("orders.db*"):
                shutil.copy(file, aside)
        for file in aside.iterdir():
            shutil.copy(file, self.directory)
        assert (self.directory / "orders.db-wal").stat().st_size
        shutil.rmtree(aside)

    def _check_content(self) -> None:
        wanted = GOOD if self._scenario.well else BAD
        assert self._state_of(self._used) == wanted
        assert _state_in(self.directory / "orders.db") == wanted

    def _check_left(self) -> None:
        new = self._databases() - self._before
        files = {each.name for each in self.directory.iterdir() if "orders.db" in each.name}
        ends = ("-wal", "-shm")
        kept = {name for name in files if not name.endswith(ends)} - {"orders.db"}
        if self._scenario.well:
            (database,), (file,) = new, kept
            assert database.endswith("-old"), new
            assert file.endswith(".old"), kept
            assert self._state_of(database) == BAD
            assert _state_in(self.directory / file) == BAD
        else:
            assert (new, kept) == (set(), set())
        assert not any(name.endswith(ends) and ".new" in name for name in files), files
        left = [*(self.directory / "tmp").iterdir(), *self.directory.glob("data/backups/*")]
        assert left == []

    def _state_of(self, database: str) -> str:
        with self._server.connect(dbname=database) as connection:
            ((state,),) = connection.execute(b"SELECT state FROM state").fetchall()
        return str(state)

    def _databases(self) -> set[str]:
        with self._server.connect() as connection:
            return {str(name) for (name,) in connection.execute(b"SELECT datname FROM pg_database")}

    def _told(self) -> Counter[str]:
        """What the ledger tells of the run: kind and step → how often."""
        shared = self._scenario.state
        file = self.directory / "data/state.db"
        if shared is None and not file.exists():
            return Counter()
        where = sqlite_url(file) if shared is None else make_url(shared)
        if shared is not None:
            where = where.set(drivername="postgresql+psycopg")
        state = connect(where)
        try:
            with reading(state) as connection:
                entries = [each.as_dict() for each in read_entries(connection)]
            assert verify(state).problem is None
        finally:
            state.dispose()
        told = [each for each in entries if each["kind"].startswith("run.")]
        return Counter(f"{each['kind']} {each['body'].get('step', '')}".strip() for each in told)


def _state_in(file: Path) -> str:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
        ((state,),) = opened.execute("SELECT state FROM state").fetchall()
    return str(state)


@contextmanager
def recovering(directory: Path, server: Postgres, scenario: Scenario) -> Iterator[Recovering]:
    """All that its lives leave running ends with the block."""
    made = Recovering(directory, server, scenario)
    try:
        yield made
    finally:
        made.end()
