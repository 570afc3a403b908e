"""How a set stands."""

from pathlib import Path
from typing import Any

from opsbook.backups.standing import SetState, Standing, standing
from opsbook.backups.store import MADE, Row
from tests.backups.scene import place, settings

HOUR = 3600.0
DAY = 24 * HOUR


def row(about: str, at: float, ok: bool | None, where: str = "a", **more: Any) -> Row:
    return Row("orders", where, "1", about, at, ok, **more)


def stands(*rows: Row, now: float = HOUR, **words: Any) -> Standing:
    return standing("orders", settings(Path("/none"), **words).sets["orders"], rows, now)


def test_a_set_that_never_ran_did_not_fail() -> None:
    assert stands().state is SetState.NEVER_RAN


def test_one_that_is_made_for_the_first_time_never_ran_yet() -> None:
    assert stands(row(MADE, 0, None)).state is SetState.NEVER_RAN


def test_a_backup_that_failed_says_why() -> None:
    found = stands(row(MADE, 0, False, message="no room"))
    assert found.state is SetState.FAILED
    assert "no room" in found.why


def test_a_copy_that_is_damaged_fails_the_set() -> None:
    found = stands(row(MADE, 0, True), row("check", 1, False, message="bit", damaged=True))
    assert found.state is SetState.FAILED


def test_a_backup_that_is_overdue_is_late() -> None:
    made = row(MADE, 0, True)
    assert stands(made, now=35 * HOUR, every="1d").state is SetState.GOOD
    assert stands(made, now=37 * HOUR, every="1d").state is SetState.LATE


def test_a_destination_that_never_got_one_is_named() -> None:
    both: dict[str, Any] = {
        "destinations": {name: place(Path("/none") / name) for name in "ab"},
        "to": ["a", "b"],
    }
    found = stands(row(MADE, 0, True), **both)
    assert found.state is SetState.NEVER_RAN
    assert found.why.endswith("at b")


def test_a_restore_that_was_never_proved_is_unknown() -> None:
    found = stands(row(MADE, 0, True), drill={"every": "7d"})
    assert found.state is SetState.NEVER_RAN
    assert found.backups is SetState.GOOD


def test_a_restore_that_was_proved_too_long_ago_is_late() -> None:
    rows = [row(MADE, 0, True), row("restore", 0, True)]
    assert stands(*rows, drill={"every": "7d"}).state is SetState.GOOD
    assert stands(*rows, now=8 * DAY, drill={"every": "7d"}).restore is SetState.LATE


def test_a_failed_restore_is_red_and_the_last_proof_is_still_known() -> None:
    proved = Row("orders", "a", "0", "restore", 5.0, True)
    found = stands(proved, row(MADE, 6, True), row("restore", 9, False), drill={"every": "7d"})
    assert found.state is SetState.FAILED
    assert found.proved_at == 5.0


def test_what_could_not_be_found_out_changes_nothing() -> None:
    rows = [row(MADE, 0, True), row("restore", 0, True), row("check", 9, None)]
    assert stands(*rows, drill={"every": "7d"}).state is SetState.GOOD
