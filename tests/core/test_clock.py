"""Time that is passed in."""

from opsbook.core.clock import ManualClock, SystemClock, iso


def test_a_manual_clock_moves_when_it_is_told_to() -> None:
    clock = ManualClock(now=100.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 2.5)


def test_the_system_clock_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1_700_000_000


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    assert iso(0.1239) == "1970-01-01T00:00:00.123Z"
