"""A plan of recovery, carried through on real backups: PostgreSQL, SQLite and files."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from opsbook.backups.recovery import Recovery
from opsbook.backups.settings import BackupSettings, backup_settings_for
from opsbook.backups.vault import Vault
from opsbook.core.clock import SystemClock
from opsbook.core.errors import BadInputError
from opsbook.durable.model import RunState
from opsbook.probes.model import Outcome, State
from opsbook.runbooks.model import RunView
from opsbook.runbooks.recovery.expansion import (
    Surroundings,
    recovery_runbook,
    rehearsal_runbook,
)
from opsbook.runbooks.recovery.settings import RecoverySettings
from opsbook.state.database import connect, sqlite_url
from opsbook.state.tables import metadata
from tests.backups.scene import place
from tests.backups.sources.work import make_work
from tests.runbooks.scene import BERT, Alone, Scene, scene
from tests.servers.postgres import Postgres, postgres

pytestmark = pytest.mark.timeout(120)
SETS = ("postgres", "sqlite", "files")
GOOD, BAD = "good", "bad"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


class Shop(Alone):
    """A host with one set of each kind, a service `api` above `db`, and a check of all of it."""

    def __init__(self, home: Path, server: Postgres) -> None:
        super().__init__(home)
        self.home, self.server = home, server
        self.stopped: list[str] = []
        self.proof = True
        """Whether the check `shop` may ever be well."""
        self.database = f"shop_{home.name}".replace("-", "_").lower()[-30:]
        self._fill()
        self.engine = connect(sqlite_url(home / "vault.db"))
        metadata.create_all(self.engine)
        self.vault = Vault("shop", self._settings(), self.engine, home / "scratch", SystemClock())
        for name in SETS:
            backup = self.vault.begin(name)
            halt = make_work(home / "w").stopping
            told = self.vault.make(name, backup, "daily", halt)
            assert not told["errors"], told

    def _fill(self) -> None:
        self.server.execute(f'CREATE DATABASE "{self.database}"')
        with self.server.connect(dbname=self.database) as connection:
            connection.execute(b"CREATE TABLE state AS SELECT 'good' AS state")
        with closing(sqlite3.connect(self.home / "orders.db")) as connection:
            connection.execute("CREATE TABLE state AS SELECT 'good' AS state")
            connection.commit()
        for name in ("uploads", "settings"):
            (self.home / name).mkdir()
            (self.home / name / "state").write_text(GOOD)

    def _settings(self) -> BackupSettings:
        url = self.home / "url"
        server = self.server
        who = f"{server.user}:{server.password}@{server.host}:{server.port}"
        url.write_text(f"postgresql://{who}/{self.database}")
        paths = [str(self.home / name) for name in ("uploads", "settings")]
        programs = {"bin": str(server.binaries), "roles": False}
        sets: dict[str, dict[str, Any]] = {
            "postgres": {"postgres": {"database": f"file:{url}", **programs}},
            "sqlite": {"sqlite": {"path": str(self.home / "orders.db")}},
            "files": {"files": {"paths": paths}},
        }
        section = {
            "destinations": {"a": place(self.home / "a")},
            "sets": {name: {**each, "to": ["a"]} for name, each in sets.items()},
        }
        return backup_settings_for(section).model_validate(section)

    def damage(self) -> None:
        with self.server.connect(dbname=self.database) as connection:
            connection.execute(b"UPDATE state SET state = 'bad'")
        with closing(sqlite3.connect(self.home / "orders.db")) as connection:
            connection.execute("UPDATE state SET state = 'bad'")
            connection.commit()
        for name in ("uploads", "settings"):
            (self.home / name / "state").write_text(BAD)

    def states(self) -> set[str]:
        """What services would read."""
        with self.server.connect(dbname=self.database) as connection:
            found = [row[0] for row in connection.execute(b"SELECT state FROM state")]
        with closing(sqlite3.connect(self.home / "orders.db")) as connection:
            found += [row[0] for row in connection.execute("SELECT state FROM state")]
        found += [(self.home / name / "state").read_text() for name in ("uploads", "settings")]
        return set(found)

    def names(self) -> set[str]:
        """All databases and all files beside those that are used."""
        with self.server.connect() as connection:
            found = {row[0] for row in connection.execute(b"SELECT datname FROM pg_database")}
        ours = {each for each in found if each == self.database or each.startswith("re")}
        return ours | {path.name for path in self.home.iterdir() if "20" in path.name}

    def recovery(self, set_name: str) -> Recovery:
        return Recovery(self.vault, set_name)

    async def look(self, check: str) -> Any:
        if check == "shop":
            well = self.proof and not self.stopped and self.states() == {GOOD}
        else:
            well = check.removesuffix("-up") not in self.stopped
        return Outcome(0.0, 0.0, State.UP if well else State.DOWN, "")

    async def order(self, service: str, verb: Any, **more: Any) -> Any:
        done = await super().order(service, verb, **more)
        self.write(f"{verb} {service}")
        if verb == "stop":
            self.stopped.append(service)
        elif service in self.stopped:
            self.stopped.remove(service)
        return done

    def close(self) -> None:
        self.vault.close()
        self.engine.dispose()

    def books(self, **changes: Any) -> Mapping[str, Any]:
        plan = RecoverySettings.model_validate(
            {
                "sets": list(SETS),
                "stop": ["db", "api"],
                "checks": ["shop"],
                "proven_within": "500ms",
                "rehearse": {"into": {"postgres": "rehearsed", "sqlite": f"{self.home}/re20"}},
                **changes,
            }
        )
        places = {name: self.vault.known(name).source.places for name in SETS}
        provers = {"api": ["api-up"], "db": ["db-up"]}
        around = Surroundings(places, ["db", "api"], provers)
        assert plan.rehearse is not None
        return {
            "recover-full": recovery_runbook(plan, around),
            "rehearse-full": rehearsal_runbook(plan, plan.rehearse),
        }


@contextmanager
def shop(home: Path, server: Postgres) -> Iterator[Shop]:
    made = Shop(home, server)
    try:
        yield made
    finally:
        made.close()


async def asks(there: Scene, run: str) -> bool:
    """Whether it asks for an approval before it ends. All of it is restored by then."""
    async with asyncio.timeout(60):
        while not (view := await there.runbooks.show(run)).state.ended:
            if view.waiting is not None and view.waiting.kind == "approval":
                return True
            await asyncio.sleep(0.02)
    return False


async def approved(there: Scene, run: str) -> RunView:
    """Whenever it asks, until it has ended."""
    while await asks(there, run):
        with suppress(BadInputError):  # it is still shown as waiting when it was just answered
            await there.runbooks.approve(run, BERT, "go")
    return await there.ended(run, 60)


async def test_all_that_was_damaged_comes_back_and_what_was_there_is_kept(
    tmp_path: Path, server: Postgres
) -> None:
    with shop(tmp_path, server) as hands:
        hands.damage()
        async with scene(tmp_path, hands.books(), hands=hands) as there:
            asleep = server.connect(dbname=hands.database)
            view = await approved(there, await there.run("recover-full"))
            assert view.state is RunState.SUCCEEDED, view.error
            assert hands.states() == {GOOD}
            assert len(await there.entries("run.approved")) == 1
            ordered = [each for each in hands.effects() if " " in each]
            assert ordered == ["stop api", "stop db", "start db", "start api"]
            assert len([name for name in hands.names() if name.endswith("old")]) == 4
            with pytest.raises(psycopg.OperationalError):
                asleep.execute(b"SELECT 1")


async def test_what_is_not_well_afterwards_is_swapped_back(
    tmp_path: Path, server: Postgres
) -> None:
    with shop(tmp_path, server) as hands:
        hands.damage()
        hands.proof = False
        before = hands.names()
        async with scene(tmp_path, hands.books(), hands=hands) as there:
            view = await approved(there, await there.run("recover-full"))
            assert view.state is not RunState.SUCCEEDED
            assert hands.states() == {BAD}
            assert hands.stopped == []
            assert hands.names() == before


async def test_nothing_is_stopped_when_a_backup_is_missing(
    tmp_path: Path, server: Postgres
) -> None:
    with shop(tmp_path, server) as hands:
        for part in (tmp_path / "a").rglob("*"):
            if "sqlite" in str(part) and part.is_file():
                part.unlink()
        async with scene(tmp_path, hands.books(), hands=hands) as there:
            view = await there.ended(await there.run("recover-full"), 60)
            assert view.state is not RunState.SUCCEEDED
            assert "sqlite has no good backup" in str(view.error)
            assert hands.effects() == []


async def test_a_dry_run_names_the_backups_and_reads_none_of_them(
    tmp_path: Path, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vault, "verify", None)
    with shop(tmp_path, server) as hands:
        async with scene(tmp_path, hands.books(), hands=hands) as there:
            steps = (await there.runbooks.dry_run("recover-full", {})).steps
        told = {each.path: each for each in steps}
        for number, name in enumerate(SETS, 1):
            backup = hands.vault.newest(name)[1]
            assert told[f"verified_{number}"].reason.startswith(f"{backup} at a, ")
            change = told[f"restored_{number}"].change
            assert change is not None
            assert change.after.startswith(f"what {name} was at ")


async def test_nothing_was_stopped_before_somebody_agreed(tmp_path: Path, server: Postgres) -> None:
    with shop(tmp_path, server) as hands:
        async with scene(tmp_path, hands.books(), hands=hands) as there:
            run = await there.run("recover-full")
            assert await asks(there, run)
            assert hands.effects() == []
            await there.runbooks.cancel(run, BERT, "no")


async def test_a_rehearsal_touches_nothing_that_is_used(tmp_path: Path, server: Postgres) -> None:
    with shop(tmp_path, server) as hands:
        hands.damage()
        before = hands.names()
        async with scene(tmp_path, hands.books(), hands=hands) as there:
            view = await there.ended(await there.run("rehearse-full"), 60)
            assert view.state is RunState.SUCCEEDED, view.error
        assert hands.states() == {BAD}
        assert hands.names() == before


async def test_a_rehearsal_into_what_is_used_is_refused_though_it_is_lost(
    tmp_path: Path, server: Postgres
) -> None:
    with shop(tmp_path, server) as hands:
        (tmp_path / "orders.db").unlink()
        into = {"sqlite": str(tmp_path / "orders.db")}
        async with scene(tmp_path, hands.books(rehearse={"into": into}), hands=hands) as there:
            view = await there.ended(await there.run("rehearse-full"), 60)
            assert "what services use" in str(view.error)
        assert not (tmp_path / "orders.db").exists()
