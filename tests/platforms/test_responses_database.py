"""`database-down` and `database-restore` against a real PostgreSQL."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.responding import (
    PROGRAMS,
    Responding,
    book,
    responding,
    response,
    states,
    step,
)
from tests.platforms.shop import (
    broken_custom,
    dump,
    dump_zipped,
    restored,
    rows,
    shop,
    too_few_rows,
    url,
)
from tests.servers.loopback import free_port
from tests.servers.postgres import Postgres, postgres

RUNBOOK = "database-restore"
GIVEN = {"expected": "orders:3 people", "programs": str(PROGRAMS)}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with shop() as server:
        yield server


@pytest.fixture(autouse=True)
def tools(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{server.binaries}:{os.environ['PATH']}")


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    directory = tmp_path / "backups"
    directory.mkdir()
    return directory


@pytest.fixture
def clean(server: Postgres) -> Iterator[None]:
    yield
    for name in restored(server):
        server.execute(f'DROP DATABASE "{name}"')


def the_book(directory: Path, server: Postgres, port: int = 0) -> Path:
    runbooks = {RUNBOOK: response("database-down")[RUNBOOK]}
    return book(directory, runbooks, database_url=url(server, port))


async def restore(there: Responding, backup: Path, **more: Any) -> Any:
    return await there.run(RUNBOOK, RUNBOOK, backups=str(backup), **{**GIVEN, **more})


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("kind", ["custom", "directory", "zipped"])
async def test_the_newest_backup_is_restored_beside_the_lost_database(
    tmp_path: Path, server: Postgres, backups: Path, kind: str
) -> None:
    dump(server, backups / "older", "--format=custom", "--schema-only")
    os.utime(backups / "older", (1, 1))
    (backups / "notes.txt").write_text("not a backup")
    if kind == "zipped":
        dump_zipped(server, backups / "newest.sql.gz")
    else:
        dump(server, backups / "newest", f"--format={kind}")
    async with responding(the_book(tmp_path, server), tmp_path / "data") as there:
        run = await restore(there, backups)
        assert states(run) == {"backup": "done", "restore": "done", "switch": "printed"}, run.error
        assert there.approvals == 1
        printed = json.dumps(await there.told("run.step_printed"))
    (fresh,) = restored(server)
    result: Any = step(run, "restore").result
    assert result["json"]["result"] == "restored, not switched"
    assert result["json"]["database"] == fresh
    assert rows(server, fresh) == rows(server, "shop")
    assert "shop" in printed
    assert fresh in printed
    with server.connect(dbname=fresh) as connection:
        owners = connection.execute(
            "SELECT tableowner, (SELECT pg_get_userbyid(datdba) FROM pg_database"
            " WHERE datname = current_database()) FROM pg_tables WHERE tablename = 'orders'"
        ).fetchall()
    assert owners == [("seller", "seller")]


@pytest.mark.usefixtures("clean")
async def test_what_was_printed_switches(tmp_path: Path, server: Postgres, backups: Path) -> None:
    dump(server, backups / "shop", "--format=custom")
    async with responding(the_book(tmp_path, server), tmp_path / "data") as there:
        run = await restore(there, backups)
    printed: Any = step(run, "switch").result
    words = shlex.split(printed["printed"].split("`")[1])
    server.execute("CREATE DATABASE kept TEMPLATE shop")
    try:
        login = {**os.environ, **server.environment}
        subprocess.run(words, env=login, check=True, capture_output=True)
        assert restored(server) == []
        assert len(rows(server, "shop")) == 4
    finally:
        with server.connect() as connection:
            aside = connection.execute(
                "SELECT datname FROM pg_database WHERE datname ~ '_before_'"
            ).fetchall()
            for (name,) in aside:
                connection.execute(f'DROP DATABASE "{name}"'.encode())
            connection.execute("DROP DATABASE kept")


async def test_without_consent_nothing_is_created(
    tmp_path: Path, server: Postgres, backups: Path
) -> None:
    dump(server, backups / "shop", "--format=custom")
    async with responding(the_book(tmp_path, server), tmp_path / "data") as there:
        run = await there.failed(RUNBOOK, RUNBOOK, consent=False, backups=str(backups), **GIVEN)
    assert "refused by bert" in (run.error or "")
    assert restored(server) == []


@pytest.mark.parametrize("broken", [broken_custom, too_few_rows])
async def test_of_a_bad_backup_nothing_is_left(
    tmp_path: Path, server: Postgres, backups: Path, broken: Any
) -> None:
    words = broken(server, backups)
    runbooks = json.loads(json.dumps(response("database-down")[RUNBOOK]).replace('"10m"', '"1s"'))
    file = book(tmp_path, {RUNBOOK: runbooks}, database_url=url(server))
    async with responding(file, tmp_path / "data") as there:
        run = await there.failed(RUNBOOK, RUNBOOK, backups=str(backups), **GIVEN)
    assert words in (run.error or "")
    assert server.password not in (run.error or "")
    assert restored(server) == []
    assert len(rows(server, "shop")) == 4


async def test_a_server_that_is_gone_is_told(
    tmp_path: Path, server: Postgres, backups: Path
) -> None:
    dump(server, backups / "shop", "--format=custom")
    file = the_book(tmp_path, server, free_port())
    async with responding(file, tmp_path / "data") as there:
        run = await restore(there, backups)
    assert "Connection refused" in (run.error or "")


@pytest.mark.usefixtures("clean")
async def test_another_server_can_take_it(tmp_path: Path, server: Postgres, backups: Path) -> None:
    dump(server, backups / "shop", "--format=custom")
    file = the_book(tmp_path, server, free_port())
    async with responding(file, tmp_path / "data") as there:
        run = await restore(there, backups, server=f"{server.host}:{server.port}")
    assert states(run)["restore"] == "done", run.error
    assert len(restored(server)) == 1


async def test_missing_tools_are_told(
    tmp_path: Path, server: Postgres, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump(server, backups / "shop", "--format=custom")
    file = the_book(tmp_path, server)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to("/usr/bin/python3")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    async with responding(file, tmp_path / "data") as there:
        run = await restore(there, backups)
    assert "install postgresql-client" in (run.error or "")


class TestServerDown:
    """The service is PostgreSQL itself."""

    @pytest.fixture
    def own(self) -> Iterator[Postgres]:
        with postgres() as own:
            own.execute("CREATE ROLE seller", "CREATE DATABASE shop")
            yield own
            control(own, "stop", "--mode=immediate", check=False)

    @pytest.fixture
    def file(self, tmp_path: Path, own: Postgres) -> Path:
        start = ["--wait", "--silent", f"--log={own.directory}/log", f"--options=-p {own.port}"]
        start[-1] += f" -c unix_socket_directories={own.directory.parent}"
        start[-1] += " -c listen_addresses=127.0.0.1"
        command = {
            "start": argv_of(own, "start", *start),
            "stop": argv_of(own, "stop", "--mode=fast"),
            "status": argv_of(own, "status"),
            "poll_every": "200ms",
        }
        services = {"postgres": {"command": command, "restart": {"at_most": 0}}}
        login = {"host": own.host, "port": own.port, "user": own.user, "database": "postgres"}
        checks = {
            "postgres-answers": {
                "service": "postgres",
                "postgres": {**login, "password": "file:config/password"},
                "every": "200ms",
                "retry_every": "100ms",
            }
        }
        secrets = {"database_url": url(own), "password": own.password}
        return book(tmp_path, response("database-down"), services, checks, **secrets)

    async def test_a_server_that_died_is_started_and_nothing_restored(
        self, tmp_path: Path, own: Postgres, file: Path
    ) -> None:
        async with responding(file, tmp_path / "data") as there:
            control(own, "stop", "--mode=immediate")
            run = await there.succeeded("database-down", "postgres", **self.given(tmp_path))
            assert there.approvals == 0
        assert states(run) == {
            "look": "done",
            "restart": "done",
            "ask": "done",
            "restore": "skipped",
        }
        assert step(run, "restart").verified

    async def test_a_lost_database_is_restored_after_consent(
        self, tmp_path: Path, own: Postgres, file: Path, server: Postgres
    ) -> None:
        dump(server, tmp_path / "backup", "--format=custom")
        own.execute("DROP DATABASE shop")
        async with responding(file, tmp_path / "data") as there:
            run = await there.run("database-down", "postgres", **self.given(tmp_path))
            assert states(run)["restart"] == "skipped"
            assert there.approvals == 1
            assert len(restored(own)) == 1, run.error

    def given(self, directory: Path) -> dict[str, Any]:
        names = {"service": "postgres", "check": "postgres-answers"}
        return {**names, "backups": str(directory / "backup"), **GIVEN}


def argv_of(server: Postgres, *words: str) -> list[str]:
    """pg_ctl; PostgreSQL refuses root."""
    nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    who = nobody if os.geteuid() == 0 else []
    return [*who, str(server.binaries / "pg_ctl"), f"--pgdata={server.directory}", *words]


def control(server: Postgres, *words: str, check: bool = True) -> None:
    subprocess.run(argv_of(server, *words), check=check, capture_output=True, timeout=20)
