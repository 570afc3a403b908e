"""A database is made anew by the rules by which it was sorted."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.login import Login
from opsbook.backups.postgresql.scratch import scratch_database
from opsbook.backups.source import SourceError
from tests.backups.sources.work import make_source, make_work, take
from tests.databases.servers import postgres_of
from tests.servers.postgres import Postgres


@pytest.fixture(scope="module")
def fifteen() -> Iterator[Postgres]:
    """With ICU."""
    with postgres_of("15") as running:
        yield running


@pytest.fixture(scope="module")
def seventeen() -> Iterator[Postgres]:
    """With ICU and its rules."""
    with postgres_of("17") as running:
        yield running


@pytest.fixture(scope="module")
def eighteen() -> Iterator[Postgres]:
    """Without ICU, and with rules of its own."""
    with postgres_of("18") as running:
        yield running


def login(server: Postgres, database: str = "postgres") -> Login:
    return Login.parse(url(server, database))


def url(server: Postgres, database: str) -> str:
    return f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/{database}"


def made(server: Postgres, words: str) -> str:
    """The name of a new database."""
    server.execute(
        "DROP DATABASE IF EXISTS original",
        "DROP DATABASE IF EXISTS copied",
        f"CREATE DATABASE original TEMPLATE template0 {words}",
    )
    return "original"


def locale(server: Postgres, database: str, directory: Path) -> Locale:
    with login(server, database).connected(make_work(directory)) as connection:
        return Locale.of(connection)


_ANYWHERE = [
    "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
    "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C'",
    "LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
]


def brought_back(server: Postgres, directory: Path) -> None:
    """A dump of it, restored."""
    settings = {"database": url(server, "original"), "bin": str(server.binaries)}
    source = make_source("postgres", settings)
    taken = take(source, make_work(directory / "taking"))
    source.restore(taken.files, taken.facts, "copied", make_work(directory / "restoring"))
    assert locale(server, "copied", directory) == locale(server, "original", directory)


@pytest.mark.parametrize(
    "words", [*_ANYWHERE, "LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LC_COLLATE 'C' LC_CTYPE 'C'"]
)
def test_with_15_it_comes_back_as_it_was(fifteen: Postgres, tmp_path: Path, words: str) -> None:
    made(fifteen, words)
    brought_back(fifteen, tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        *_ANYWHERE,
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LC_CTYPE 'C.UTF-8'",
    ],
)
def test_with_18_it_comes_back_as_it_was(eighteen: Postgres, tmp_path: Path, words: str) -> None:
    made(eighteen, words)
    brought_back(eighteen, tmp_path)


def test_it_sorts_as_it_sorted(fifteen: Postgres, tmp_path: Path) -> None:
    made(fifteen, "LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'")
    with fifteen.connect(dbname="original") as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest(ARRAY['z', 'ö', 'o', 'Å']) AS x")
    brought_back(fifteen, tmp_path)
    with fifteen.connect(dbname="copied") as connection:
        rows = connection.execute("SELECT x FROM t ORDER BY x").fetchall()
    assert [x for (x,) in rows] == ["o", "z", "Å", "ö"]


def test_rules_of_its_own_come_back(seventeen: Postgres, tmp_path: Path) -> None:
    made(seventeen, "LOCALE_PROVIDER icu ICU_LOCALE 'und' ICU_RULES '&z < a' LC_COLLATE 'C'")
    with seventeen.connect(dbname="original") as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest(ARRAY['z', 'a', 'b']) AS x")
    brought_back(seventeen, tmp_path)
    assert locale(seventeen, "copied", tmp_path).rules == "&z < a"
    with seventeen.connect(dbname="copied") as connection:
        rows = connection.execute("SELECT x FROM t ORDER BY x").fetchall()
    assert [x for (x,) in rows] == ["b", "z", "a"]


def test_the_rehearsal_of_one_sorts_as_it_does(fifteen: Postgres, tmp_path: Path) -> None:
    made(fifteen, "LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'")
    wanted, remarks = locale(fifteen, "original", tmp_path), list[str]()
    with scratch_database(login(fifteen), wanted, make_work(tmp_path), remarks) as place:
        assert locale(fifteen, place.database, tmp_path) == wanted
    assert remarks == []


@pytest.mark.parametrize(
    "unknown",
    [
        Locale(collate="xx_XX.UTF-8"),
        Locale(provider="i", name="de-DE"),
        Locale(provider="i", name="de-DE", rules="&a < g"),
        Locale(provider="b", name="no-such"),
        Locale(encoding="LATIN1", collate="C.UTF-8", ctype="C.UTF-8"),
    ],
)
def test_a_rehearsal_where_the_locale_is_unknown_sorts_by_bytes_and_says_so(
    eighteen: Postgres, tmp_path: Path, unknown: Locale
) -> None:
    remarks = list[str]()
    with scratch_database(login(eighteen), unknown, make_work(tmp_path), remarks) as place:
        found = locale(eighteen, place.database, tmp_path)
    assert (found.collate, found.ctype, found.provider) == ("C", "C", "c")
    assert found.encoding == unknown.encoding
    assert remarks[0].startswith("it sorts by bytes here: ")


def test_a_restore_where_the_locale_is_unknown_is_refused_before_anything_is_made(
    fifteen: Postgres, eighteen: Postgres, tmp_path: Path
) -> None:
    made(fifteen, "LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'")
    settings = {"database": url(fifteen, "original"), "bin": str(eighteen.binaries)}
    source, work = make_source("postgres", settings), make_work(tmp_path / "scratch")
    taken = take(source, work)
    with pytest.raises(SourceError, match="the server does not know its locale: ICU is not"):
        source.restore(taken.files, taken.facts, url(eighteen, "unsorted"), work)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        eighteen.connect(dbname="unsorted")


def test_what_an_older_backup_says_of_it_is_understood() -> None:
    older = {"encoding": "UTF8", "collate": "C", "ctype": "C", "provider": "i", "name": "de"}
    assert Locale.stored({"locale": older}) == Locale(provider="i", name="de")
    assert Locale.stored({}) == Locale()
