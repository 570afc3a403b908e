"""Times and durations with Go's methods."""

import pytest

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.times import SECOND, Duration, Time, zone_of


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (-2_000_000, "-2ms"),
        (SECOND, "1s"),
        (90 * SECOND + 50_000_000, "1m30.05s"),
        (3600 * SECOND, "1h0m0s"),
        (-100 * 3600 * SECOND, "-100h0m0s"),
    ],
)
def test_a_duration_is_written_with_its_units(nanoseconds: int, text: str) -> None:
    assert Duration(nanoseconds).text() == text


@pytest.mark.parametrize(
    ("nanoseconds", "rounded", "truncated"), [(149, 100, 100), (150, 200, 100), (-150, -200, -100)]
)
def test_halves_are_rounded_away_from_zero(nanoseconds: int, rounded: int, truncated: int) -> None:
    assert Duration(nanoseconds).rounded(Duration(100)) == rounded
    assert Duration(nanoseconds).truncate(Duration(100)) == truncated
    assert Duration(nanoseconds).rounded(Duration(0)) == nanoseconds


def test_a_moment_is_the_same_in_every_zone_and_shown_in_its_own() -> None:
    noon = Time.of(1_700_000_000.25)
    paris = Time(noon.at, zone_of("Europe/Paris"))
    assert noon.text() == "2023-11-14 22:13:20.25 +0000 UTC"
    assert paris.text() == "2023-11-14 23:13:20.25 +0100 CET"
    assert noon.equal(paris)
    assert paris.since(noon) == 0


def test_no_time_is_the_first_of_the_year_1() -> None:
    assert Time.zero().is_zero()
    assert Time.zero().text() == "0001-01-01 00:00:00 +0000 UTC"


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(CallError, match="9999"):
        Time(1 << 70).text()


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../../etc/passwd", "America", "a\0b", "x" * 5000]
)
def test_a_zone_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(CallError, match="no time zone"):
        zone_of(name)


def test_the_machine_s_own_zone_is_known() -> None:
    assert Time(0).here().unix() == 0
