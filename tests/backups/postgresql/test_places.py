import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from opsbook.backups.postgresql.login import Login
from opsbook.backups.postgresql.places import Databases
from opsbook.backups.source import Facts, SourceError
from tests.backups.sources.work import make_work
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def places(server: Postgres) -> Databases:
    login = Login.parse(
        f"host={server.host} port={server.port} user={server.user} password={server.password} "
        "dbname=used"
    )
    return Databases(
        lambda name: login.at(name) if name else login, lambda *_: ({}, ""), lambda *_: None
    )


def test_of_two_renames_that_do_not_both_work_none_is_done(
    server: Postgres, places: Databases, tmp_path: Path
) -> None:
    server.execute("CREATE DATABASE one", "CREATE DATABASE two", "CREATE DATABASE taken")
    with pytest.raises(SourceError, match="taken"):
        places.move([("one", "moved"), ("two", "taken")], make_work(tmp_path))
    assert places.there("one")
    assert not places.there("moved")


def test_what_is_not_there_is_left_out(server: Postgres, places: Databases, tmp_path: Path) -> None:
    server.execute("CREATE DATABASE fresh")
    places.move([("lost", "kept"), ("fresh", "lost")], make_work(tmp_path))
    assert places.there("lost")
    assert not places.there("kept")


def test_who_comes_back_at_once_does_not_keep_it_from_being_renamed(
    server: Postgres, places: Databases, tmp_path: Path
) -> None:
    server.execute("CREATE DATABASE busy")
    done = threading.Event()

    def come_back() -> None:
        while not done.is_set():
            with suppress(psycopg.Error), server.connect(dbname="busy") as connection:
                connection.execute(b"SELECT pg_sleep(5)")

    guests = [threading.Thread(target=come_back) for _ in range(3)]
    for each in guests:
        each.start()
    try:
        places.move([("busy", "calm")], make_work(tmp_path))
    finally:
        done.set()
        for each in guests:
            each.join()
    assert places.there("calm")


def test_a_name_that_would_be_cut_off_is_refused(places: Databases) -> None:
    with pytest.raises(SourceError, match="at most 63 bytes"):
        places.there("n" * 64)


def test_a_backup_of_a_newer_server_does_not_fit(places: Databases, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"the backup of 99"):
        places.fits("new", Facts(versions={"postgresql": "99.1"}), 1, make_work(tmp_path))


def test_a_backup_for_which_there_is_no_room_does_not_fit(
    places: Databases, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="needed to unpack it"):
        places.fits("new", Facts(), 1 << 60, make_work(tmp_path))
