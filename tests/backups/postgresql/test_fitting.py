"""A dump that a server or its tools are too old for is refused before anything is made."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.backups.source import SourceError
from tests.backups.sources.work import Taken, make_source, make_work, take
from tests.databases.servers import postgres_of
from tests.servers.postgres import Postgres, binaries, postgres


@pytest.fixture(scope="module")
def older() -> Iterator[Postgres]:
    with postgres_of("15") as running:
        yield running


@pytest.fixture(scope="module")
def newer() -> Iterator[Postgres]:
    with postgres_of("18") as running:
        running.execute("CREATE DATABASE shop")
        yield running


def url(server: Postgres, database: str) -> str:
    return f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/{database}"


@pytest.fixture
def taken(newer: Postgres, tmp_path: Path) -> Taken:
    settings = {"database": url(newer, "shop"), "bin": str(newer.binaries)}
    return take(make_source("postgres", settings), make_work(tmp_path / "taking"))


def databases(server: Postgres) -> list[str]:
    with server.connect() as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return sorted(name for (name,) in rows)


def test_an_older_server_is_refused(
    older: Postgres, newer: Postgres, taken: Taken, tmp_path: Path
) -> None:
    before = databases(older)
    source = make_source("postgres", {"database": url(newer, "shop"), "bin": str(newer.binaries)})
    with pytest.raises(SourceError, match="not restored, the server is 15, the backup of 18"):
        source.restore(taken.files, taken.facts, url(older, "back"), make_work(tmp_path / "s"))
    assert databases(older) == before


def test_a_rehearsal_on_an_older_server_is_refused(
    older: Postgres, newer: Postgres, taken: Taken, tmp_path: Path
) -> None:
    settings = {"database": url(newer, "shop"), "bin": str(newer.binaries)}
    source = make_source("postgres", {**settings, "rehearse_on": url(older, "postgres")})
    before = databases(older)
    with (
        pytest.raises(SourceError, match="the server is 15, the backup of 18"),
        source.rehearse(taken.files, taken.facts, make_work(tmp_path / "s")),
    ):
        pass
    assert databases(older) == before


def test_older_tools_are_refused(newer: Postgres, taken: Taken, tmp_path: Path) -> None:
    before = databases(newer)
    source = make_source("postgres", {"database": url(newer, "shop"), "bin": str(binaries(15))})
    work = make_work(tmp_path / "s")
    with pytest.raises(SourceError, match=r"pg_restore 15 is older.*which is 18"):
        source.restore(taken.files, taken.facts, "back", work)
    with (
        pytest.raises(SourceError, match="postgresql-client-18"),
        source.rehearse(taken.files, taken.facts, work),
    ):
        pass
    assert databases(newer) == before


def test_a_newer_server_takes_an_older_dump(
    older: Postgres, newer: Postgres, tmp_path: Path
) -> None:
    settings = {"database": url(older, "postgres"), "bin": str(newer.binaries)}
    source = make_source("postgres", settings)
    taken = take(source, make_work(tmp_path / "taking"))
    assert taken.facts.versions["postgresql"].startswith("15.")
    source.restore(taken.files, taken.facts, url(newer, "from_15"), make_work(tmp_path / "s"))
    assert "from_15" in databases(newer)


def test_tools_that_do_not_know_how_the_dump_is_packed_are_refused(
    newer: Postgres, tmp_path: Path
) -> None:
    work, before = make_work(tmp_path / "s"), databases(newer)
    with postgres(17) as packing:
        settings = {"database": url(packing, "postgres"), "bin": str(packing.binaries)}
        taken = take(make_source("postgres", settings), work)
    source = make_source("postgres", {"database": url(newer, "shop"), "bin": str(newer.binaries)})
    with pytest.raises(SourceError, match=r"packed with zstd, and pg_restore 18.*without it"):
        source.restore(taken.files, taken.facts, "back", work)
    with pytest.raises(SourceError, match="built without it"):
        source.places.fits("back", taken.facts, 0, work)
    assert databases(newer) == before
