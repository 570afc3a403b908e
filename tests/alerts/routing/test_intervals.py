"""Moments inside and outside of time intervals."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.routing.intervals import TimeInterval, contained


def at(text: str, zone: Any = UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("fields", "inside", "outside"),
    [
        ({}, ["2026-02-28 23:59"], []),
        ({"times": ((540, 1020),)}, ["2026-01-01 09:00", "2026-01-01 16:59"], ["2026-01-01 17:00"]),
        ({"times": ((0, 1440),)}, ["2026-01-01 23:59", "2026-01-01 00:00"], []),
        ({"weekdays": ((1, 5),)}, ["2026-11-20 12:00"], ["2026-11-21 12:00", "2026-11-22 12:00"]),
        ({"weekdays": ((0, 0),)}, ["2026-11-22 12:00"], ["2026-11-21 12:00"]),
        ({"days_of_month": ((-1, -1),)}, ["2026-02-28 00:00", "2024-02-29 00:00"], ["2024-02-28"]),
        ({"days_of_month": ((30, 31),)}, ["2026-01-30"], ["2026-02-28", "2026-01-29"]),
        ({"days_of_month": ((-31, 2),)}, ["2026-02-01", "2026-02-02"], ["2026-02-03"]),
        ({"months": ((11, 12),)}, ["2026-11-01"], ["2026-10-31 23:59"]),
        ({"years": ((2026, 2027),)}, ["2027-12-31"], ["2025-12-31", "2028-01-01"]),
        ({"weekdays": ((6, 6),), "months": ((11, 11),)}, ["2026-11-21"], ["2026-12-19"]),
    ],
)
def test_every_field_must_take_the_moment(
    fields: dict[str, Any], inside: list[str], outside: list[str]
) -> None:
    interval = TimeInterval(**fields)
    assert [text for text in inside if not interval.contains(at(text))] == []
    assert [text for text in outside if interval.contains(at(text))] == []


def test_the_wall_clock_is_that_of_its_place() -> None:
    nights = TimeInterval(times=((0, 360),), location=ZoneInfo("America/New_York"))
    assert nights.contains(at("2026-07-01 05:00", ZoneInfo("America/New_York")))
    assert not nights.contains(at("2026-07-01 05:00", ZoneInfo("Europe/Berlin")))


def test_any_of_several_will_do() -> None:
    intervals = [TimeInterval(months=((1, 1),)), TimeInterval(months=((3, 3),))]
    assert contained(intervals, at("2026-03-05"))
    assert not contained(intervals, at("2026-02-05"))
    assert not contained([], at("2026-02-05"))


DAYS = st.integers(-31, 31).filter(bool)


@given(st.integers(0, 1500), st.tuples(DAYS, DAYS))
def test_days_from_the_end_are_counted_in_the_month_itself(
    offset: int, span: tuple[int, int]
) -> None:
    day = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=offset)
    first = day.replace(day=1)
    month = [first + timedelta(days=n) for n in range(31)]
    days = [each.day for each in month if each.month == day.month]

    def reach(number: int) -> int:
        return number if number > 0 else len(days) + number + 1

    wanted = day.day in range(reach(span[0]), reach(span[1]) + 1)
    assert TimeInterval(days_of_month=(span,)).contains(day.timestamp()) is wanted
