"""Days of the week and the month."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from opsbook.core.days import LONGEST_GAP, Days, is_among

YEARS = [date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 366)]
"""With a leap year."""


def found(*texts: str) -> list[date]:
    days = [Days.parse(each) for each in texts]
    return [each for each in YEARS if is_among(each, days)]


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("sun", ["2024-01-07", "2024-01-14", "2024-01-21"]),
        ("first sun", ["2024-01-07", "2024-02-04", "2024-03-03"]),
        ("Second Sun", ["2024-01-14", "2024-02-11", "2024-03-10"]),
        ("fourth thu", ["2024-01-25", "2024-02-22", "2024-03-28"]),
        ("last fri", ["2024-01-26", "2024-02-23", "2024-03-29"]),
        ("1", ["2024-01-01", "2024-02-01", "2024-03-01"]),
        ("28", ["2024-01-28", "2024-02-28", "2024-03-28"]),
        ("last", ["2024-01-31", "2024-02-29", "2024-03-31"]),
    ],
)
def test_they_come_again_and_again(text: str, begin: list[str]) -> None:
    assert [each.isoformat() for each in found(text)[:3]] == begin


@pytest.mark.parametrize("text", ["sun", "first sun", "last fri", "1", "28", "last"])
def test_there_is_an_end_to_waiting_for_one(text: str) -> None:
    days = found(text)
    gaps = {(after - before).days for before, after in pairwise(days)}
    assert max(gaps) <= LONGEST_GAP


def test_several_are_each_of_them() -> None:
    assert found("mon", "1")[:3] == [date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 15)]
    assert date(2024, 2, 1) in found("mon", "1")


def test_none_named_are_all() -> None:
    assert is_among(date(2026, 11, 22), [])


@pytest.mark.parametrize("text", ["first sun", "sun", "7", "last", "last mon"])
def test_they_are_written_as_they_are_read(text: str) -> None:
    assert str(Days.parse(text)) == text


@pytest.mark.parametrize("text", ["31", "0"])
def test_a_day_that_some_months_do_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write 1 to 28, or last"):
        Days.parse(text)


@pytest.mark.parametrize("text", ["sunday", "fifth sun", "first", "", "first 3", "-1"])
def test_what_is_no_day_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="such as sun, first sun"):
        Days.parse(text)
