"""When a backup is due."""

from datetime import datetime
from pathlib import Path

from opsbook.backups.schedule import backup_due, late_at
from opsbook.backups.settings import SetSettings
from tests.backups.scene import settings

HOUR = 3600.0


def declared(**words: object) -> SetSettings:
    return settings(Path("/nowhere"), **words).sets["orders"]


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_set_with_an_interval_that_never_ran_is_due_at_once() -> None:
    assert backup_due(declared(every="1d"), None, None, since=0, now=1)


def test_a_set_without_a_time_is_never_due() -> None:
    assert not backup_due(declared(), None, None, since=0, now=1e9)


def test_an_interval_counts_from_the_last_backup() -> None:
    each = declared(every="1d")
    assert not backup_due(each, 100.0, 100.0, 0, 100.0 + 23 * HOUR)
    assert backup_due(each, 100.0, 100.0, 0, 100.0 + 24 * HOUR)


def test_after_a_failure_it_is_tried_again_after_a_while() -> None:
    each = declared(every="1d")
    assert not backup_due(each, 0.0, 24 * HOUR, 0, 26 * HOUR)
    assert backup_due(each, 0.0, 24 * HOUR, 0, 27 * HOUR)
    assert backup_due(declared(every="30m"), 0.0, 3600.0, 0, 3600.0 + 900)


def test_a_time_of_day_is_that_of_its_zone() -> None:
    each = declared(at="02:30", zone="Europe/Vienna")
    made = moment("2026-06-01T03:00:00Z")
    assert not backup_due(each, made, made, 0, moment("2026-06-02T00:29:00Z"))
    assert backup_due(each, made, made, 0, moment("2026-06-02T00:31:00Z"))


def test_a_time_of_day_waits_for_its_first_hour() -> None:
    each = declared(at="02:30")
    since = moment("2026-06-01T12:00:00Z")
    assert not backup_due(each, None, None, since, moment("2026-06-01T12:00:05Z"))
    assert backup_due(each, None, None, since, moment("2026-06-02T02:30:01Z"))


def test_a_time_of_day_that_the_clock_skips_comes_all_the_same() -> None:
    each = declared(at="02:30", zone="Europe/Vienna")
    made = moment("2026-03-28T01:31:00Z")
    assert backup_due(each, made, made, 0, moment("2026-03-29T02:00:00Z"))


def test_it_is_late_after_one_and_a_half_intervals() -> None:
    assert late_at(declared(every="1d"), 0.0) == 36 * HOUR
    assert late_at(declared(), 0.0) is None
