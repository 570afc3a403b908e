"""What a database has of its own comes back with it, under whatever name."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from opsbook.backups.postgresql.giving import give
from opsbook.backups.postgresql.login import Login
from opsbook.backups.postgresql.properties import (
    PROPERTIES,
    Properties,
    Setting,
)
from opsbook.backups.source import SourceError
from tests.backups.sources.work import Taken, make_source, make_work, take
from tests.databases.servers import postgres_of
from tests.servers.postgres import Postgres

_TOKEN = 's3cret-token, it\'s "quoted" \\ and long'
_SHOP = (
    "CREATE ROLE shopkeeper LOGIN PASSWORD 'keeps'",
    "CREATE ROLE reader LOGIN PASSWORD 'reads'",
    "CREATE DATABASE shop OWNER shopkeeper CONNECTION LIMIT 7",
    "REVOKE ALL ON DATABASE shop FROM PUBLIC",
    "GRANT CONNECT ON DATABASE shop TO reader WITH GRANT OPTION",
    "COMMENT ON DATABASE shop IS 'what''s sold'",
    "ALTER DATABASE shop SET work_mem = '7MB'",
    'ALTER DATABASE shop SET search_path = "$user", "odd, ""name", public',
    "ALTER DATABASE shop SET default_transaction_read_only = on",
    "ALTER DATABASE shop SET statement_timeout = '30s'",
    "ALTER DATABASE shop SET DateStyle = 'German, DMY'",
    "ALTER ROLE reader IN DATABASE shop SET search_path = ''",
    "ALTER ROLE reader IN DATABASE shop SET statement_timeout = '9s'",
)


@pytest.fixture(scope="module", params=["15", "18"])
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with postgres_of(request.param) as running:
        running.execute(*_SHOP)
        with running.connect() as connection:
            token = psycopg.sql.Literal(_TOKEN)
            statement = psycopg.sql.SQL("ALTER DATABASE shop SET app.settings.token = {}")
            connection.execute(statement.format(token))
        with running.connect(dbname="shop") as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute('CREATE SCHEMA "odd, ""name"')
            connection.execute("CREATE TABLE sold AS SELECT generate_series(1, 10) AS id")
        yield running


@pytest.fixture(scope="module")
def elsewhere(server: Postgres) -> Iterator[Postgres]:
    """Another server of the same version, which knows none of the roles."""
    version = "15" if "postgresql/15" in str(server.binaries) else "18"
    with postgres_of(version) as running:
        yield running


def url(server: Postgres, database: str, user: str = "", password: str = "") -> str:
    login = f"{user or server.user}:{password or server.password}"
    return f"postgresql://{login}@{server.host}:{server.port}/{database}"


@contextlib.contextmanager
def restored(
    server: Postgres, taken: Taken, directory: Path, target: str = "", **settings: str
) -> Iterator[str]:
    """Restored as `back`, or into another server; what was told of it."""
    own = {"database": url(server, "shop"), "bin": str(server.binaries), **settings}
    source = make_source("postgres", own)
    yield source.restore(taken.files, taken.facts, target or "back", make_work(directory))


@pytest.fixture(scope="module")
def taken(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    settings = {"database": url(server, "shop"), "bin": str(server.binaries)}
    return take(make_source("postgres", settings), make_work(tmp_path_factory.mktemp("taking")))


@pytest.fixture(autouse=True)
def tidy(server: Postgres, elsewhere: Postgres) -> Iterator[None]:
    yield
    for each in (server, elsewhere):
        each.execute("DROP DATABASE IF EXISTS back WITH (FORCE)")


def properties(server: Postgres, database: str) -> Properties:
    with server.connect(dbname=database) as connection:
        return Properties.of(connection)


def test_all_of_it_comes_back_under_another_name(
    server: Postgres, taken: Taken, tmp_path: Path
) -> None:
    with restored(server, taken, tmp_path / "scratch") as told:
        assert told.startswith("database ")
        assert ";" not in told
        assert properties(server, "back") == properties(server, "shop")
    before = properties(server, "shop")
    assert before.roles == [server.user]
    assert (before.owner, before.limit, before.comment) == ("shopkeeper", 7, "what's sold")
    assert Setting(role=None, name="app.settings.token", value=_TOKEN) in before.settings


def test_what_a_session_gets_is_what_it_got(server: Postgres, taken: Taken, tmp_path: Path) -> None:
    shown = ("search_path", "work_mem", "DateStyle", "app.settings.token", "statement_timeout")
    with restored(server, taken, tmp_path / "scratch"):
        for user, password in ((server.user, server.password), ("reader", "reads")):
            found = []
            for database in ("shop", "back"):
                login = {"dbname": database, "user": user, "password": password}
                with server.connect(**login) as session:
                    told = [session.execute(f"SHOW {name}".encode()).fetchone() for name in shown]
                found.append(told)
            assert found[0] == found[1]


def test_who_may_not_connect_may_not_connect_again(
    server: Postgres, taken: Taken, tmp_path: Path
) -> None:
    server.execute("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN PASSWORD 'asks'")
    with (
        restored(server, taken, tmp_path / "scratch"),
        pytest.raises(psycopg.OperationalError, match="permission denied for database"),
    ):
        server.connect(dbname="back", user="stranger", password="asks")


def test_roles_that_are_not_there_are_named_and_the_rest_comes_back(
    server: Postgres, elsewhere: Postgres, taken: Taken, tmp_path: Path
) -> None:
    target = url(elsewhere, "back")
    with restored(server, taken, tmp_path / "scratch", target) as told:
        assert "there is no role shopkeeper here: not given" in told
        assert "there is no role reader here: not given" in told
        assert "setting statement_timeout" in told
        found = properties(elsewhere, "back")
    assert (found.owner, found.comment, found.limit) == (elsewhere.user, "what's sold", 7)
    assert found.is_private
    known = properties(server, "shop").settings
    assert found.settings == [each for each in known if each.role is None]


def test_with_owners_dropped_it_is_ours_and_still_private(
    server: Postgres, taken: Taken, tmp_path: Path
) -> None:
    with restored(server, taken, tmp_path / "scratch", owners="drop") as told:
        assert ";" not in told
        found = properties(server, "back")
    assert found.owner == server.user
    assert found.is_private
    assert {each.role for each in found.settings} == {None}


def test_settings_that_hurry_hinder_neither_a_backup_nor_its_proof(
    server: Postgres, tmp_path: Path
) -> None:
    server.execute("DROP DATABASE IF EXISTS hurried", "CREATE DATABASE hurried")
    with server.connect(dbname="hurried") as connection:
        connection.execute("CREATE TABLE long AS SELECT generate_series(1, 500000) AS id")
    server.execute("ALTER DATABASE hurried SET statement_timeout = '10ms'")
    settings = {"database": url(server, "hurried"), "bin": str(server.binaries)}
    source, work = make_source("postgres", settings), make_work(tmp_path / "scratch")
    taken = take(source, work)
    assert source.restore(taken.files, taken.facts, "back", work).endswith("/back")
    source.places.holds("back", taken.facts, work)
    with server.connect(dbname="back") as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("10ms",)
    server.execute("DROP DATABASE hurried WITH (FORCE)")


def test_a_backup_without_them_comes_back_and_says_so(
    server: Postgres, taken: Taken, tmp_path: Path
) -> None:
    older = {name: content for name, content in taken.content.items() if name != PROPERTIES}
    with restored(server, Taken(taken.facts, older), tmp_path / "scratch") as told:
        assert "owner, grants and settings are unknown" in told
        assert properties(server, "back").settings == []


def test_a_rehearsal_has_the_settings_too(server: Postgres, taken: Taken, tmp_path: Path) -> None:
    own = {"database": url(server, "shop"), "bin": str(server.binaries), "rehearse_in": "/tmp"}
    source, work = make_source("postgres", own), make_work(tmp_path / "scratch")
    with source.rehearse(taken.files, taken.facts, work) as back:
        assert back.ask is not None
        assert back.ask("SHOW work_mem") == [("7MB",)]
        assert back.ask("SELECT datconnlimit FROM pg_database WHERE datname = current_database()")[
            0
        ] == (7,)
        assert back.remarks == []


def test_its_secrets_are_in_no_manifest(taken: Taken) -> None:
    assert "s3cret-token" not in repr(taken.facts)
    assert b"s3cret-token" in taken.content[PROPERTIES]


def test_where_only_who_was_granted_something_is_not_there_owners_stay(
    server: Postgres, elsewhere: Postgres, tmp_path: Path
) -> None:
    server.execute("DROP DATABASE IF EXISTS granted", "CREATE DATABASE granted")
    with server.connect(dbname="granted") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        connection.execute("CREATE ROLE here_too")
        connection.execute("ALTER TABLE kept OWNER TO here_too")
        connection.execute("GRANT SELECT ON kept TO reader")
    elsewhere.execute("CREATE ROLE here_too")
    settings = {"database": url(server, "granted"), "bin": str(server.binaries)}
    source, work = make_source("postgres", settings), make_work(tmp_path / "scratch")
    taken = take(source, work)
    told = source.restore(taken.files, taken.facts, url(elsewhere, "back"), work)
    assert "all in it is granted to nobody: there is no role reader here" in told
    with elsewhere.connect(dbname="back") as connection:
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"
        assert connection.execute(owner.encode()).fetchone() == ("here_too",)


def test_of_whom_nobody_is_there_all_is_ours_and_said(
    server: Postgres, elsewhere: Postgres, tmp_path: Path
) -> None:
    with server.connect(dbname="shop") as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
        connection.execute("ALTER TABLE kept OWNER TO shopkeeper")
    settings = {"database": url(server, "shop"), "bin": str(server.binaries)}
    source = make_source("postgres", settings)
    taken = take(source, make_work(tmp_path / "taking"))
    work = make_work(tmp_path / "scratch")
    told = source.restore(taken.files, taken.facts, url(elsewhere, "back"), work)
    assert "all in it is ours and granted to nobody: there is no role shopkeeper" in told
    with elsewhere.connect(dbname="back") as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
    with server.connect(dbname="shop") as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER TABLE kept ENABLE ROW LEVEL SECURITY")
        connection.execute("CREATE POLICY own ON kept TO shopkeeper USING (true)")
    elsewhere.execute("DROP DATABASE back WITH (FORCE)")
    taken = take(source, work)
    with pytest.raises(SourceError, match=r"policies of rows name roles .* shopkeeper; create"):
        source.restore(taken.files, taken.facts, url(elsewhere, "back"), work)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        elsewhere.connect(dbname="back")


@pytest.fixture
def place(server: Postgres) -> Iterator[Login]:
    server.execute("CREATE DATABASE back")
    yield Login.parse(url(server, "back"))


def plain(**changes: object) -> Properties:
    known = {"owner": "nobody-here", "limit": -1, "template": False, "tablespace": "pg_default"}
    return Properties.model_validate(
        {**known, "comment": None, "grants": None, "settings": [], **changes}
    )


def test_a_setting_that_is_refused_keeps_the_others_and_its_value_back(
    server: Postgres, place: Login, tmp_path: Path
) -> None:
    wanted = [
        ("work_mem", "s3cret-much"),
        ("no_such_parameter", "x"),
        ("shared_buffers", "1GB"),
        ("work_mem", "9MB"),
    ]
    settings = [Setting(role=None, name=name, value=value) for name, value in wanted]
    remarks = give(plain(settings=settings), place, make_work(tmp_path), owners=False)
    assert len(remarks) == 3
    assert "setting work_mem not given" in remarks[0]
    assert "s3cret-much" not in str(remarks)
    assert properties(server, "back").settings == settings[3:]


def test_settings_with_which_nobody_could_connect_are_taken_away(
    server: Postgres, place: Login, tmp_path: Path
) -> None:
    library = Setting(role=None, name="session_preload_libraries", value="no_such_library")
    remarks = give(plain(settings=[library]), place, make_work(tmp_path), owners=False)
    assert remarks == ["nobody could connect with its settings: not set session_preload_libraries"]
    assert properties(server, "back").settings == []


def test_a_privilege_that_is_none_is_never_carried_out(
    server: Postgres, place: Login, tmp_path: Path
) -> None:
    grants = [{"to": None, "privilege": "ALL ON DATABASE postgres TO PUBLIC; --"}]
    give(plain(grants=grants), place, make_work(tmp_path), owners=True)
    assert properties(server, "back").grants is not None
    assert properties(server, "postgres").grants is None
