"""`opsbook backup` and `opsbook restore`, on a real database and a real directory."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

from tests.backups.scene import ROWS, database
from tests.cli.run import opsbook, opsbook_up

BOOK = """
platform: {{name: shop}}
checks:
  here: {{command: {{argv: ["true"]}}, every: 5s}}
backups:
  recipients: [{public}]
  identity: file:key
  destinations:
    disk: {{local: {{directory: kept, minimum_free: 1 MB}}}}
  sets:
    orders:
      sqlite: {{path: orders.db}}
      to: [disk]
      retention: {{last: 2, at_least: 1}}
      drill:
        assertions:
          - {{query: SELECT count(*) FROM orders, value: {{at_least: 1}}}}
"""


@dataclass
class Shop:
    """A platform that is watched, with one backup set."""

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def book(self) -> Path:
        return self.directory / "book.yaml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    found = Shop(tmp_path_factory.mktemp("shop"))
    identity = pyrage.x25519.Identity.generate()
    (found.directory / "key").write_text(f"{identity}\n")
    found.book.write_text(BOOK.format(public=identity.to_public()))
    database(found.directory / "orders.db")
    with opsbook_up(found.book, found.data):
        before = opsbook("backup", "list", "--data", found.data)
        assert before.returncode == 3
        assert "never ran" in before.stdout
        made = opsbook("backup", "run", "orders", "--data", found.data)
        assert made.returncode == 0, made.stdout + made.stderr
        yield found


def test_a_backup_is_listed_with_what_was_found(shop: Shop) -> None:
    shown = opsbook("backup", "show", "orders", "--data", shop.data, "--json")
    assert shown.returncode == 0
    copy = json.loads(shown.stdout)[0]["copies"][0]
    assert copy["good"]
    assert copy["keep"]
    assert copy["verified"]["check"].startswith("good")


def test_a_verification_tells_what_was_measured(shop: Shop) -> None:
    found = opsbook("backup", "verify", "orders", "--depth", "restore", "--data", shop.data)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "(RTO)" in found.stdout
    assert f"FROM orders -> {ROWS}" in found.stdout


def test_a_drill_is_a_restore_into_a_throwaway_place(shop: Shop) -> None:
    found = opsbook("drill", "restore", "orders", "--data", shop.data)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "(RTO)" in found.stdout


def test_a_copy_of_what_is_nowhere_ends_with_1(shop: Shop) -> None:
    words = ["backup", "copy", "orders", "20260101-000000", "--to", "disk", "--data", shop.data]
    found = opsbook(*words)
    assert found.returncode == 1
    assert "there is no other destination" in found.stdout


def test_what_is_wrong_with_a_set_ends_with_its_own_code(shop: Shop) -> None:
    found = opsbook("backup", "run", "order", "--data", shop.data)
    assert found.returncode == 2
    assert "did you mean orders?" in found.stderr


def test_pruning_only_tells_unless_it_is_to_be_done(shop: Shop) -> None:
    told = opsbook("backup", "prune", "orders", "--data", shop.data)
    assert told.returncode == 0
    assert "nothing was removed" in told.stdout
    done = opsbook("backup", "prune", "orders", "--do", "--data", shop.data)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_set_is_in_the_status_and_the_metrics(shop: Shop) -> None:
    told = opsbook("status", "--data", shop.data, "--json")
    tiles = json.loads(told.stdout)["backups"]
    assert [each["name"] for each in tiles] == ["orders"]


def test_a_restore_only_tells_unless_it_is_to_be_done(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "back.db"
    words = ["restore", "orders", "--book", shop.book, "--data", shop.data, "--target", target]
    told = opsbook(*words)
    assert told.returncode == 0, told.stderr
    assert "nothing was made" in told.stdout
    assert "where it lived" in told.stdout
    assert not target.exists()
    done = opsbook(*words, "--do")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (ROWS,)
    again = opsbook(*words, "--do")
    assert again.returncode != 0
    assert "exists" in again.stderr
    recorded = opsbook("ledger", "show", "--kind", "restore.made", "--data", shop.data)
    assert str(target) in recorded.stdout


def test_a_restore_needs_no_running_opsbook(shop: Shop, tmp_path: Path) -> None:
    target, data = tmp_path / "back.db", tmp_path / "data"
    words = ["restore", "orders", "--book", shop.book, "--data", data, "--target", target, "--do"]
    done = opsbook(*words)
    assert done.returncode == 0, done.stderr
    assert target.exists()
    recorded = opsbook("ledger", "show", "--kind", "restore.made", "--data", data)
    assert str(target) in recorded.stdout
