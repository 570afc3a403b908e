"""A PostgreSQL that is killed amid a dump, a drill or a recovery: nothing half is good, what is
used is as it was, and once it is back the next try succeeds."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from opsbook.backups.settings import backup_settings_for
from opsbook.backups.tools.program import Program
from opsbook.backups.vault import Vault
from opsbook.backups.verification import Depth
from opsbook.core.clock import SystemClock
from opsbook.core.procfs import all_pids
from opsbook.durable.model import RunState
from opsbook.state.database import connect, sqlite_url
from tests.backups.scene import place
from tests.backups.sources.work import make_work
from tests.crash.loading import SLOW, while_loading, while_streaming
from tests.runbooks.recovery.test_plan import BAD, GOOD, Shop, approved
from tests.runbooks.scene import Scene, scene
from tests.servers import postgres as servers
from tests.servers.postgres import Postgres, postgres
from tests.servers.process import running, wait_until

pytestmark = pytest.mark.timeout(120)
_BIG = "CREATE TABLE big AS SELECT repeat(md5(n::text), 100) FROM generate_series(1, 2000) AS n"


@pytest.fixture
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(autouse=True)
def _start_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test hooks into is as it was afterwards."""
    monkeypatch.setattr(Program, "_start", Program._start)
    monkeypatch.setattr(Program, "_blocks", Program._blocks)


def url(server: Postgres, database: str) -> str:
    login = f"{server.user}:{server.password}@{server.host}:{server.port}"
    return f"postgresql://{login}/{database}"


def kill(server: Postgres) -> None:
    """Its postmaster; the others notice."""
    pid = int((server.directory / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    # Until its status is taken it seems to be there, to who looks for another of its kind.
    os.waitpid(pid, 0)


@contextmanager
def alive_again(server: Postgres) -> Iterator[None]:
    """On its port and data, once nothing of the old one is left."""
    wait_until(lambda: not _working(server))
    home = server.directory.parent
    options = {"port": str(server.port), "unix_socket_directories": str(home)}
    argv = [str(server.binaries / "postgres"), "-D", str(server.directory)]
    for name, value in {**servers._SETTINGS, **options}.items():
        argv += ["-c", f"{name}={value}"]
    account = servers._account()

    def ready() -> bool:
        return servers._answers(server)

    with running(argv, home, ready, stop=signal.SIGINT, user=account):
        yield


def _working(server: Postgres) -> list[int]:
    return [pid for pid in all_pids() if _directory_of(pid) == server.directory]


def _directory_of(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


class Shopkeeping:
    """A database of PostgreSQL, backed up once."""

    def __init__(self, server: Postgres, home: Path) -> None:
        self.server, self.home = server, home
        server.execute("CREATE DATABASE shop")
        with server.connect(dbname="shop") as connection:
            for statement in (*SLOW, _BIG):
                connection.execute(statement.encode())
        self.engine = connect(sqlite_url(home / "state.db"))
        self.vault = Vault("shop", self._settings(), self.engine, home / "scratch", SystemClock())
        self.halt = make_work(home / "w").stopping
        assert not self.make()["errors"]

    def _settings(self) -> Any:
        where = self.home / "url"
        where.write_text(url(self.server, "shop"))
        source = {"database": f"file:{where}", "rehearse_on": f"file:{where}"}
        programs = {"bin": str(self.server.binaries), "roles": False}
        section = {
            "destinations": {"a": place(self.home / "a")},
            "sets": {"shop": {"postgres": {**source, **programs}, "to": ["a"]}},
        }
        return backup_settings_for(section).model_validate(section)

    def make(self) -> dict[str, Any]:
        return self.vault.make("shop", self.vault.begin("shop"), "daily", self.halt)

    def rehearse(self) -> Any:
        return self.vault.verify("shop", *self.vault.newest("shop"), Depth.RESTORE, self.halt)

    def listed(self) -> list[bool]:
        found = self.vault.listed("shop")["a"]
        assert isinstance(found, list), found
        return [each.good for each in found]

    def databases(self) -> set[str]:
        with self.server.connect() as connection:
            rows = connection.execute(b"SELECT datname FROM pg_database")
            return {str(name) for (name,) in rows} - {"template0", "template1", "postgres"}


@pytest.fixture
def shop(server: Postgres, tmp_path: Path) -> Iterator[Shopkeeping]:
    made = Shopkeeping(server, tmp_path)
    yield made
    made.vault.close()
    made.engine.dispose()


def once(server: Postgres) -> Callable[..., None]:
    """Kills it when it is called first."""
    left = [server]

    def tell(*_: str) -> None:
        if left:
            kill(left.pop())

    return tell


def test_amid_a_dump(shop: Shopkeeping) -> None:
    while_streaming(once(shop.server))
    (error,) = shop.make()["errors"].values()
    assert "terminat" in error or "closed the connection" in error
    assert shop.listed() == [True]
    with alive_again(shop.server):
        assert not shop.make()["errors"]
        assert shop.listed() == [True, True]


def test_amid_a_drill(shop: Shopkeeping) -> None:
    while_loading(url(shop.server, "shop"), once(shop.server))
    verdict = shop.rehearse()
    assert not verdict.ok
    assert not verdict.damaged
    assert "pg_restore ended with status 1" in verdict.message
    assert "database opsbook_drill_" in verdict.message, "what is left is not told"
    assert shop.listed() == [True]
    with alive_again(shop.server):
        assert len(shop.databases()) == 2
        assert shop.rehearse().ok
        assert shop.databases() == {"shop"}


class SlowShop(Shop):
    def _fill(self) -> None:
        super()._fill()
        with self.server.connect(dbname=self.database) as connection:
            for statement in SLOW:
                connection.execute(statement.encode())


async def test_amid_a_recovery(server: Postgres, tmp_path: Path) -> None:
    hands = SlowShop(tmp_path, server)
    hands.damage()
    before = hands.names()
    while_loading(url(server, "postgres"), once(server))
    try:
        async with scene(tmp_path, hands.books(proven_within="20s"), hands=hands) as there:
            run = await there.run("recover-full")
            await _begun(there, run, "removed_1")
            with alive_again(server):
                view = await approved(there, run)
                assert view.state is RunState.FAILED
                assert "pg_restore ended with status 1" in str(view.error)
                assert hands.states() == {BAD}
                assert hands.effects() == [], "something was stopped"
                assert hands.names() == before
                again = await approved(there, await there.run("recover-full"))
                assert again.state is RunState.SUCCEEDED, again.error
                assert hands.states() == {GOOD}
    finally:
        hands.close()


async def _begun(there: Scene, run: str, step: str) -> None:
    """And tried for the first time: nobody answers at that port."""
    async with asyncio.timeout(60):
        while not any(step in each.body for each in await there.entries("run.step_started", run)):
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
