"""What is sent instead of made anew, and when not."""

from pathlib import Path

import pytest

from opsbook.backups.owed import owed
from opsbook.backups.settings import SetSettings
from opsbook.backups.store import MADE, Row
from opsbook.backups.verification import Depth
from tests.backups.scene import place, settings

DAY = 86_400.0
AT = 1_800_000_000.0
HERE = Row("orders", "a", "2", MADE, AT, True)


@pytest.fixture
def known(tmp_path: Path) -> SetSettings:
    two = {name: place(tmp_path / name) for name in ("a", "b")}
    return settings(tmp_path, destinations=two, to=["a", "b"], every="1d").sets["orders"]


def found(known: SetSettings, *rows: Row, now: float = AT + 3600) -> tuple[str, list[str]]:
    return owed(known, rows, AT - DAY, now)


def test_it_is_owed_where_it_failed(known: SetSettings) -> None:
    failed = Row("orders", "b", "2", MADE, AT, False)
    assert found(known, HERE, failed) == ("2", ["b"])


def test_it_is_owed_to_a_destination_that_is_new(known: SetSettings) -> None:
    assert found(known, HERE) == ("2", ["b"])


def test_nothing_is_owed_where_all_have_it(known: SetSettings) -> None:
    assert found(known, HERE, Row("orders", "b", "2", MADE, AT, True))[1] == []


def test_nothing_is_owed_once_another_is_due(known: SetSettings) -> None:
    assert found(known, HERE, now=AT + DAY) == ("", [])


def test_what_was_found_damaged_is_not_owed(known: SetSettings) -> None:
    damaged = Row("orders", "a", "2", Depth.CHECK, AT + 1, False, damaged=True)
    assert found(known, HERE, damaged) == ("", [])


def test_an_older_one_is_not_owed(known: SetSettings) -> None:
    older = Row("orders", "b", "1", MADE, AT - 60, True)
    assert found(known, older, HERE) == ("2", ["b"])


def test_nothing_is_owed_before_the_first(known: SetSettings) -> None:
    assert found(known) == ("", [])
