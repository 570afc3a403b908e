"""Whatever dies during a backup, a pruning or a drill: no partial backup is ever listed as good,
no good one is lost, and nothing is left over."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from opsbook.backups.listing import Found, listed
from opsbook.backups.opening import Opened
from opsbook.backups.vault import bound
from tests.backups.scene import database, settings
from tests.crash.backup import RESULT, begin, two
from tests.crash.forks import FORKS
from tests.crash.loading import SLOW
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres

_AT_MOST = 90.0
ENVIRONMENT = "environment.json"
"""In the directory of a life: what is told to it beside its arguments."""
BACKUP = [
    "before begin",
    "after begin",
    "before make",
    "before write",
    "after write",
    "before commit",
    "after commit",
    "before manifest",
    "after manifest",
    "after make",
    "before check",
    "after check",
    "after choose",
    "before remove",
    "before removal",
    "after removal",
    "after remove",
    "before record_backup",
    "after record_backup",
]
COPY = ["before send", "before file", "after file", "after send", "after check"]
RESTORE = ["before look", "before comparison", "after comparison", "after look"]
SHARED = [
    "after begin",
    "after commit",
    "after make",
    "after check",
    "after choose",
    "after removal",
    "before record_backup",
    "after record_backup",
]
"""Where the state is on PostgreSQL, one point behind each thing that is written there; what dies
between two of them dies in files, which are the same."""


def both(everything: list[str], shared: list[str]) -> list[tuple[str, str]]:
    """Where the state is, and the point."""
    return [*(("sqlite", each) for each in everything), *(("postgresql", each) for each in shared)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one backup was made, to be copied."""
    directory = tmp_path_factory.mktemp("prepared")
    database(directory / "orders.db")
    lived(directory)
    return directory


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, server: Postgres) -> Path:
    """The same with its state on PostgreSQL."""
    directory = tmp_path_factory.mktemp("shared")
    database(directory / "orders.db")
    told(directory, CRASH_STATE=fresh_database(server))
    lived(directory)
    return directory


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of what was prepared, with its state on `sqlite` or `postgresql`."""
    if request.param == "sqlite":
        return begun(tmp_path, request.getfixturevalue("prepared"))
    made = request.getfixturevalue("shared")
    template = json.loads((made / ENVIRONMENT).read_text())["CRASH_STATE"].rpartition("/")[2]
    begun(tmp_path, made)
    told(tmp_path, CRASH_STATE=fresh_database(request.getfixturevalue("server"), template))
    return tmp_path


@pytest.fixture
def shop(server: Postgres, tmp_path: Path) -> str:
    """A database of PostgreSQL of which one backup was made."""
    url = fresh_database(server)
    big = "CREATE TABLE big AS SELECT repeat(md5(n::text), 100) FROM generate_series(1, 1000) AS n"
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (*SLOW, big):
            connection.execute(statement.encode())
    told(tmp_path, CRASH_SOURCE=url, CRASH_BIN=str(server.binaries), CRASH_FORMAT="custom")
    lived(tmp_path)
    return url


def told(directory: Path, **more: str) -> None:
    """Something to the lives in this directory."""
    file = directory / ENVIRONMENT
    before = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**before, **more}))


def begun(directory: Path, prepared: Path) -> Path:
    shutil.copytree(prepared, directory, dirs_exist_ok=True)
    return directory


def life(directory: Path, action: str, point: str) -> int | None:
    """How it ended."""
    (directory / RESULT).unlink(missing_ok=True)
    file = directory / ENVIRONMENT
    more = json.loads(file.read_text()) if file.exists() else {}
    process = FORKS.Process(target=begin, args=(directory, action, point, more))
    process.start()
    process.join(_AT_MOST)
    if process.exitcode is None:
        process.kill()
        raise AssertionError("a life came to no end")
    return process.exitcode


def lived(directory: Path, action: str = "backup") -> dict[str, Any]:
    assert life(directory, action, "nowhere") == 0, "see its words"
    found: dict[str, Any] = json.loads((directory / RESULT).read_text())
    return found


def copies(directory: Path) -> list[Found]:
    return listed(bound(settings(directory), "shop")["a"], "orders", "shop")


def all_good(directory: Path) -> list[str]:
    """Those that are listed as good, each of them read to its end."""
    place = bound(settings(directory), "shop")["a"]
    good = [each for each in copies(directory) if each.good]
    for each in good:
        assert each.manifest is not None
        for file in Opened(place, each.manifest).files.values():
            with file() as content:
                while content.read(1 << 20):
                    pass
    return [each.id for each in good]


def killed(directory: Path, action: str, point: str) -> None:
    assert life(directory, action, point) == -9, f"{point} was never reached"


@pytest.mark.parametrize(("home", "point"), both(BACKUP, SHARED), indirect=["home"])
def test_killed_anywhere_in_a_backup_the_next_life_ends_it(home: Path, point: str) -> None:
    first = copies(home)[0].id
    killed(home, "backup", point)
    between = all_good(home)
    assert between, "the good one is lost"
    assert first in between or "remov" in point or "choose" in point or "record" in point
    after = lived(home)
    assert after["result"]["state"] == "good", after
    assert after["told"].count("backup.made") == 1
    assert after["told"].count("backup.pruned") == 1
    assert "backup.failed" not in after["told"]
    assert all_good(home) == [after["result"]["backup"]]
    last = lived(home)["result"]["backup"]
    assert [each.id for each in copies(home)] == [last], "something is left over"
    assert list((home / "scratch").iterdir()) == []


@pytest.mark.parametrize(("home", "point"), both(RESTORE, ["after look"]), indirect=["home"])
def test_killed_anywhere_in_a_drill_nothing_is_left_and_it_is_told_once(
    home: Path, point: str
) -> None:
    made = copies(home)[0].id
    killed(home, "restore", point)
    after = lived(home, "restore")
    assert after["result"]["state"] == "good", after
    assert after["told"] == ["restore.proved"]
    assert all_good(home) == [made]
    assert list((home / "scratch").iterdir()) == []


@pytest.mark.parametrize(("home", "point"), both(COPY, ["after send"]), indirect=["home"])
def test_a_killed_copy_is_carried_to_its_end(home: Path, point: str) -> None:
    backup = copies(home)[0].id
    killed(home, "copy", point)
    there = listed(bound(settings(home, **two(home)), "shop")["b"], "orders", "shop")
    assert [each.id for each in there if each.good] in ([], [backup])
    assert lived(home, "copy")["result"]["state"] == "good"
    there = listed(bound(settings(home, **two(home)), "shop")["b"], "orders", "shop")
    assert [(each.id, each.good) for each in there] == [(backup, True)]
    assert backup in all_good(home)
    assert list((home / "b" / ".opsbook-uploads").iterdir()) == []


@pytest.mark.parametrize("form", ["custom", "directory"])
def test_killed_amid_pg_dump_nothing_half_is_good_and_no_pg_dump_goes_on(
    shop: str, tmp_path: Path, form: str
) -> None:
    """In the format `directory` pg_dump writes files: it does not notice who died."""
    first = all_good(tmp_path)
    told(tmp_path, CRASH_FORMAT=form)
    with psycopg.connect(shop) as holder:
        if form == "directory":
            holder.execute(b"LOCK TABLE big IN ACCESS EXCLUSIVE MODE")
        killed(tmp_path, "backup", f"amid {'waiting' if form == 'directory' else 'pg_dump'}")
        assert all_good(tmp_path) == first
    after = lived(tmp_path)
    assert after["result"]["state"] == "good", after
    assert all_good(tmp_path) == [after["result"]["backup"]]
    assert [each.good for each in copies(tmp_path)] == [True], "something is left over"
    assert list((tmp_path / "scratch").iterdir()) == []
    assert connected(shop) == []


def test_killed_amid_pg_restore_of_a_drill_no_scratch_database_remains(
    shop: str, tmp_path: Path
) -> None:
    killed(tmp_path, "restore", "amid pg_restore")
    assert len(scratches(shop)) == 1
    after = lived(tmp_path, "restore")
    assert after["result"]["state"] == "good", after
    assert after["told"] == ["restore.proved"]
    assert scratches(shop) == []
    assert len(all_good(tmp_path)) == 1
    assert list((tmp_path / "scratch").iterdir()) == []
    assert connected(shop) == []


def scratches(url: str) -> list[str]:
    return _asked(url, "SELECT datname FROM pg_database WHERE datname LIKE 'opsbook%'")


def connected(url: str) -> list[str]:
    """What anybody but us does there."""
    others = "pid <> pg_backend_pid() AND application_name = 'opsbook'"
    return _asked(url, f"SELECT query FROM pg_stat_activity WHERE {others}")  # noqa: S608 - a constant


def _asked(url: str, query: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [str(row[0]) for row in connection.execute(query.encode())]
