"""The program behind `database-restore`, by itself."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.responding import PROGRAMS
from tests.platforms.shop import (
    broken_custom,
    broken_zip,
    cut_off,
    dump,
    leading_elsewhere,
    no_backup,
    restored,
    rows,
    shop,
    too_few_rows,
    url,
    wrong_statement,
)
from tests.servers.postgres import Postgres

PROGRAM = str(PROGRAMS / "restore_postgres.py")
TARGET = "shop_restored_20261121_120000"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with shop() as server:
        yield server


@pytest.fixture(autouse=True)
def tools(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", f"{server.binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("DATABASE_URL", url(server))
    yield
    server.execute(f'DROP DATABASE IF EXISTS "{TARGET}"')


def said(*words: str) -> Any:
    """What it found. Fails with its words."""
    done = subprocess.run(["python3", PROGRAM, *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "broken", [broken_custom, broken_zip, cut_off, wrong_statement, leading_elsewhere, no_backup]
)
def test_of_a_bad_backup_nothing_is_left(
    server: Postgres, tmp_path: Path, broken: Callable[[Postgres, Path], str]
) -> None:
    words = broken(server, tmp_path)
    with pytest.raises(RuntimeError, match=words):
        said("restore", said("find", str(tmp_path))["backup"], TARGET)
    assert restored(server) == []
    assert len(rows(server, "shop")) == 4


def test_a_table_with_too_few_rows_is_told(server: Postgres, tmp_path: Path) -> None:
    words = too_few_rows(server, tmp_path)
    said("restore", said("find", str(tmp_path))["backup"], TARGET)
    assert said("count", TARGET, "orders:4 public.orders:1") == {
        "tables": {"orders": 4, "public.orders": 4}
    }
    with pytest.raises(RuntimeError, match=words):
        said("count", TARGET, "orders:4 people")


def test_a_table_that_is_missing_is_told(server: Postgres, tmp_path: Path) -> None:
    said("restore", str(dump(server, tmp_path / "shop", "--format=custom")), TARGET)
    with pytest.raises(RuntimeError, match='relation "prices" does not exist'):
        said("count", TARGET, "prices")
    with pytest.raises(RuntimeError, match="say which tables"):
        said("count", TARGET, "")


def test_what_is_there_already_is_not_restored_into(server: Postgres, tmp_path: Path) -> None:
    server.execute(f'CREATE DATABASE "{TARGET}"')
    backup = dump(server, tmp_path / "shop", "--format=custom")
    with pytest.raises(RuntimeError, match="there is a database"):
        said("restore", str(backup), TARGET)
    assert restored(server) == [TARGET]


def test_only_databases_of_its_own_making_are_dropped(server: Postgres) -> None:
    with pytest.raises(RuntimeError, match="it is not touched"):
        said("drop", "shop")
    with pytest.raises(RuntimeError, match="it is not touched"):
        said("restore", "/nowhere", "shop")
    assert len(rows(server, "shop")) == 4


def test_a_restore_that_is_stopped_leaves_nothing(server: Postgres, tmp_path: Path) -> None:
    text = dump(server, tmp_path / "shop.sql").read_text()
    slow = text.replace("COPY public.people", "SELECT pg_sleep(60);\nCOPY public.people")
    (tmp_path / "shop.sql").write_text(slow)
    argv = ["python3", PROGRAM, "restore", str(tmp_path / "shop.sql"), TARGET]
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 10
        while not restored(server) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 1
    assert restored(server) == []


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("", "DATABASE_URL is missing"),
        ("mysql://a@b/c", "DATABASE_URL is missing"),
        ("postgresql://a@b/c?fallback=1", "options that are not known"),
    ],
)
def test_a_url_that_means_no_database_is_refused(
    monkeypatch: pytest.MonkeyPatch, wrong: str, why: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", wrong)
    with pytest.raises(RuntimeError, match=why):
        said("server")


@pytest.mark.parametrize("words", [[], ["find"], ["erase", "shop"], ["server", "x"]])
def test_without_its_words_it_says_how_it_is_used(words: list[str]) -> None:
    with pytest.raises(RuntimeError, match="Restore a backup of PostgreSQL"):
        said(*words)
