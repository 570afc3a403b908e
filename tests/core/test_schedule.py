"""When something is due."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from opsbook.core.days import Days
from opsbook.core.schedule import Schedule

HOUR = 3600.0
DAILY = Schedule(every=24 * HOUR)
VIENNA = Schedule(at=time(2, 30), zone=ZoneInfo("Europe/Vienna"))
NIGHTLY = Schedule(at=time(2, 30))
MONTHLY = Schedule(at=time(2, 30), days=(Days.parse("first sun"),))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_what_has_an_interval_and_never_was_is_due_at_once() -> None:
    assert DAILY.due(None, None, since=0, now=1)
    assert DAILY.next_at(None, None, since=0, now=1) == 1


def test_what_has_no_time_is_never_due() -> None:
    assert not Schedule().due(None, None, since=0, now=1e9)
    assert Schedule().next_at(None, None, since=0, now=1e9) is None


def test_an_interval_counts_from_the_last_time() -> None:
    assert not DAILY.due(100.0, 100.0, 0, 100.0 + 23 * HOUR)
    assert DAILY.due(100.0, 100.0, 0, 100.0 + 24 * HOUR)
    assert DAILY.next_at(100.0, 100.0, 0, 200.0) == 100.0 + 24 * HOUR


def test_after_a_failure_it_is_tried_again_after_a_while() -> None:
    assert not DAILY.due(0.0, 24 * HOUR, 0, 26 * HOUR)
    assert DAILY.due(0.0, 24 * HOUR, 0, 27 * HOUR)
    assert DAILY.next_at(0.0, 24 * HOUR, 0, 26 * HOUR) == 27 * HOUR
    assert Schedule(every=1800.0).due(0.0, 3600.0, 0, 3600.0 + 900)


def test_a_time_of_day_is_that_of_its_zone() -> None:
    made = moment("2026-06-01T03:00:00Z")
    assert not VIENNA.due(made, made, 0, moment("2026-06-02T00:29:00Z"))
    assert VIENNA.next_at(made, made, 0, made) == moment("2026-06-02T00:30:00Z")
    assert VIENNA.due(made, made, 0, moment("2026-06-02T00:31:00Z"))


def test_a_time_of_day_waits_for_its_first_hour() -> None:
    since = moment("2026-06-01T12:00:00Z")
    assert not NIGHTLY.due(None, None, since, moment("2026-06-01T12:00:05Z"))
    assert NIGHTLY.due(None, None, since, moment("2026-06-02T02:30:01Z"))


def test_what_was_missed_for_days_is_due_once() -> None:
    made, now = moment("2026-06-01T02:30:00Z"), moment("2026-06-09T12:00:00Z")
    assert NIGHTLY.due(made, made, 0, now)
    assert not NIGHTLY.due(now, now, 0, now + 5)


def test_a_time_of_day_that_the_clock_skips_comes_all_the_same() -> None:
    made = moment("2026-03-28T01:31:00Z")
    assert VIENNA.due(made, made, 0, moment("2026-03-29T02:00:00Z"))


def test_an_interval_is_late_after_one_and_a_half() -> None:
    assert DAILY.late_at(0.0) == 36 * HOUR
    assert Schedule().late_at(0.0) is None


def test_a_time_of_day_is_late_half_a_day_after_the_next() -> None:
    made = moment("2026-06-01T02:30:10Z")
    assert NIGHTLY.late_at(made) == moment("2026-06-02T14:30:00Z")
    assert MONTHLY.late_at(made) == moment("2026-06-07T14:30:00Z")


def test_on_other_days_nothing_is_due() -> None:
    made = moment("2026-06-07T02:31:00Z")
    assert not MONTHLY.due(made, made, 0, moment("2026-07-05T02:29:00Z"))
    assert MONTHLY.next_at(made, made, 0, moment("2026-06-14T03:00:00Z")) == moment(
        "2026-07-05T02:30:00Z"
    )
    assert MONTHLY.due(made, made, 0, moment("2026-07-05T02:30:00Z"))


def test_a_day_that_was_missed_is_made_up_for_once() -> None:
    made, now = moment("2026-06-07T02:31:00Z"), moment("2026-07-09T12:00:00Z")
    assert MONTHLY.due(made, made, 0, now)
    assert not MONTHLY.due(now, now, 0, now + 5)


def test_after_a_failure_on_one_of_its_days_it_does_not_wait_for_the_next() -> None:
    done, tried = moment("2026-06-07T02:31:00Z"), moment("2026-07-05T02:31:00Z")
    assert MONTHLY.due(done, tried, 0, tried + 3 * HOUR)


def test_days_are_those_of_the_zone() -> None:
    sundays = Schedule(at=time(0, 30), zone=ZoneInfo("Asia/Tokyo"), days=(Days.parse("sun"),))
    made = moment("2026-06-01T00:00:00Z")
    assert sundays.next_at(made, made, 0, made) == moment("2026-06-06T15:30:00Z")
