from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.login import Login
from opsbook.backups.postgresql.scratch import scratch_database, sweep_databases
from tests.backups.sources.work import make_work
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def login(server: Postgres) -> Login:
    return Login.parse(
        f"host={server.host} port={server.port} user={server.user} password={server.password} "
        "dbname=postgres"
    )


def test_a_scratch_database_is_gone_afterwards_though_it_is_used(
    server: Postgres, login: Login, tmp_path: Path
) -> None:
    with scratch_database(login, Locale(), make_work(tmp_path), []) as scratch:
        user = scratch.open()
    with pytest.raises(Exception, match="terminat"):
        user.execute(b"SELECT 1")
    user.close()
    with server.connect() as connection:
        left = connection.execute(b"SELECT datname FROM pg_database").fetchall()
    assert not [name for (name,) in left if name.startswith("opsbook")]


def test_a_scratch_database_is_dropped_though_the_work_was_stopped(
    server: Postgres, login: Login, tmp_path: Path
) -> None:
    work = make_work(tmp_path)
    with scratch_database(login, Locale(), work, []):
        work.stopping.set()
    assert sweep_databases(login, make_work(tmp_path)) == []


def test_a_scratch_database_is_for_nobody_else(
    server: Postgres, login: Login, tmp_path: Path
) -> None:
    server.execute("CREATE ROLE stranger LOGIN PASSWORD 'asks'")
    with (
        scratch_database(login, Locale(), make_work(tmp_path), []) as scratch,
        pytest.raises(psycopg.OperationalError, match="permission denied for database"),
    ):
        server.connect(dbname=scratch.database, user="stranger", password="asks")


def test_a_database_of_another_name_is_never_swept(
    server: Postgres, login: Login, tmp_path: Path
) -> None:
    server.execute("CREATE DATABASE opsbook_drill_of_somebody")
    assert sweep_databases(login, make_work(tmp_path)) == []


@pytest.mark.parametrize("provider", ["LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'", ""])
def test_a_database_is_made_anew_with_its_locale(
    server: Postgres, login: Login, tmp_path: Path, provider: str
) -> None:
    server.execute(
        "DROP DATABASE IF EXISTS copied",
        "DROP DATABASE IF EXISTS original",
        f"CREATE DATABASE original TEMPLATE template0 {provider}",
    )
    with login.at("original").connected(make_work(tmp_path)) as connection:
        kept = Locale.of(connection)
    with login.connected(make_work(tmp_path)) as connection:
        Locale.stored(kept.details()).create(connection, "copied")
    with login.at("copied").connected(make_work(tmp_path)) as connection:
        assert Locale.of(connection) == kept
