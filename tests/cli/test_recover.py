"""`opsbook recover` against a watch that runs, with a second person's consent."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.backups.scene import ROWS, database
from tests.cli.run import OPSBOOK, opsbook, opsbook_up

BOOK = """
platform: {name: shop}
checks:
  whole:
    command: {argv: [test, -s, orders.db]}
    every: 5s
backups:
  destinations:
    disk: {local: {directory: kept, minimum_free: 1 MB}}
  sets:
    orders:
      sqlite: {path: orders.db}
      to: [disk]
recovery:
  full:
    sets: [orders]
    checks: [whole]
    rehearse:
      into: {orders: REHEARSED}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("shop")
    book = home / "book.yaml"
    book.write_text(BOOK.replace("REHEARSED", str(home / "rehearsed.db")))
    database(home / "orders.db")
    with opsbook_up(book, home / "data", "up"):
        assert asked(home, "backup", "run", "orders").returncode == 0
        yield home


def asked(home: Path, *words: str, token: str | None = None) -> "subprocess.CompletedProcess[str]":
    command = [*OPSBOOK, *words, "--data", str(home / "data")]
    environment = os.environ | ({"OPSBOOK_TOKEN": token} if token else {})
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def rows(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])


def test_a_plan_is_shown_and_changes_nothing(home: Path) -> None:
    answer = asked(home, "recover", "full")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for words in ("recover-full: class 3", "backup-verify", "swap orders", "nothing was changed"):
        assert words in answer.stdout
    assert {path.name for path in home.glob("orders*")} == {"orders.db"}


def test_its_runbooks_are_listed(home: Path) -> None:
    listed = [line.split()[:2] for line in asked(home, "runbooks").stdout.splitlines()[1:]]
    assert listed == [["3", "recover-full"], ["2", "rehearse-full"]]


def test_a_rehearsal_leaves_nothing_behind(home: Path) -> None:
    words = ["--rehearse", "--do", "--why", "it is due", "--confirm", "rehearse-full", "--follow"]
    answer = asked(home, "recover", "full", *words)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert not (home / "rehearsed.db").exists()


def test_what_was_lost_comes_back_once_a_second_person_agrees(home: Path) -> None:
    (home / "orders.db").unlink()
    bert = opsbook("token", "add", "bert", "--role", "approver", "--data", home / "data")
    words = ["--do", "--why", "it is gone", "--confirm", "recover-full"]
    run = asked(home, "recover", "full", *words).stdout.strip()
    token, deadline = bert.stdout.split()[-1], time.monotonic() + 30
    while asked(home, "runs", "approve", run, "--why", "fine", token=token).returncode:
        assert time.monotonic() < deadline
        assert not (home / "orders.db").exists()
    answer = asked(home, "runs", "follow", run)
    assert answer.returncode == 0, answer.stdout
    assert rows(home / "orders.db") == ROWS


def test_an_unknown_plan_is_told(home: Path) -> None:
    answer = asked(home, "recover", "ful")
    assert answer.returncode != 0
    assert "recover-full" in answer.stderr
