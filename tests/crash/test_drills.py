"""Whatever dies during a drill: what it hurt is undone."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.app.drills import undo_what_was_left
from opsbook.state.datadir import DataDir
from tests.cli.run import opsbook, opsbook_up
from tests.crash.drill import drilled
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres

POINTS = [
    "before ready",
    "after prepare",
    "before begin",
    "after begin",
    "after observe",
    "before undo",
    "after undo",
    "after recover",
    "after record",
]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


def life(book: Path, directory: Path, point: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.crash.drill", str(book), str(directory), point]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_killed_in_any_step_the_next_start_undoes_it_and_the_drill_ends_once(
    tmp_path: Path, point: str
) -> None:
    book = drilled(tmp_path, "10m")
    first = life(book, tmp_path, point)
    assert first.returncode == -9, first.stderr
    hurt = (tmp_path / "hurt").exists()
    assert hurt is (point in ("after begin", "after observe", "before undo"))
    second = life(book, tmp_path, "nowhere")
    assert second.stdout.split("\n")[:2] == ["clean", "ended 1"], second.stderr
    assert not (tmp_path / "hurt").exists()


def test_on_postgresql_the_next_start_undoes_it_as_well(tmp_path: Path, server: Postgres) -> None:
    book = drilled(tmp_path, "10m", fresh_database(server))
    assert life(book, tmp_path, "after begin").returncode == -9
    assert (tmp_path / "hurt").exists()
    second = life(book, tmp_path, "nowhere")
    assert second.stdout.split("\n")[:2] == ["clean", "ended 1"], second.stderr


async def test_on_postgresql_a_command_that_only_asks_undoes_it_as_well(
    tmp_path: Path, server: Postgres
) -> None:
    book = drilled(tmp_path, "10m", fresh_database(server))
    assert life(book, tmp_path, "after begin").returncode == -9
    assert len(await undo_what_was_left(DataDir(tmp_path / "data"))) == 1
    assert not (tmp_path / "hurt").exists()
    opsbook("down", book, "--data", tmp_path / "data")


def test_a_book_without_drills_undoes_what_an_earlier_one_hurt(tmp_path: Path) -> None:
    book = drilled(tmp_path, "10m")
    assert life(book, tmp_path, "after begin").returncode == -9
    content = json.loads(book.read_text())
    book.write_text(json.dumps({**content, "drills": {}}))
    with opsbook_up(book, tmp_path / "data"):
        assert not (tmp_path / "hurt").exists()
    opsbook("down", book, "--data", tmp_path / "data")


def test_where_nobody_starts_again_it_is_undone_when_its_time_is_over(tmp_path: Path) -> None:
    book = drilled(tmp_path, "5s")
    began = time.monotonic()
    assert life(book, tmp_path, "after begin").returncode == -9
    hurt = tmp_path / "hurt"
    assert hurt.exists()
    while hurt.exists():
        assert time.monotonic() < began + 30, "nobody undid it"
        time.sleep(0.05)
    opsbook("down", book, "--data", tmp_path / "data")


async def test_a_command_that_only_asks_undoes_it_as_well(tmp_path: Path) -> None:
    book = drilled(tmp_path, "10m")
    assert life(book, tmp_path, "after begin").returncode == -9
    undone = await undo_what_was_left(DataDir(tmp_path / "data"))
    assert not (tmp_path / "hurt").exists()
    assert [each.split(".")[:2] for each in undone] == [["drill", "d"]]
    assert await undo_what_was_left(DataDir(tmp_path / "data")) == []
    opsbook("down", book, "--data", tmp_path / "data")
