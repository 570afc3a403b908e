"""Times by example, as Go writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from opsbook.alerts.templates.layouts import DEFAULT, RFC3339, format_time

_AT = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
_EAST = datetime(2024, 2, 3, 16, 5, 6, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (DEFAULT, "2024-02-03 04:05:06.0789 +0000 UTC"),
        (RFC3339, "2024-02-03T04:05:06.0789Z"),
        ("Mon Jan _2 15:04:05 2006", "Sat Feb  3 04:05:06 2024"),
        ("Monday, 02-Jan-06 3:04PM pm", "Saturday, 03-Feb-24 4:05AM am"),
        ("January 2006-1-2 002 __2 __", "February 2024-2-3 034  34 __"),
        (".000 .000000 ,999 .99 .9 .0a", ".078 .078900 ,078 .07  .0a"),
        ("Janet Months 20060102150405 _2006", "Janet Months 20240203040506 _2024"),
        ("no example of anythin6", "no example of anythin6"),
        ("", ""),
    ],
)
def test_a_layout_shows_a_time_as_it_shows_its_own(layout: str, text: str) -> None:
    assert format_time(_AT, 78_900_000, layout) == text


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("-0700 -07 -07:00 -07:00:00 -070000", "+0530 +05 +05:30 +05:30:00 +053000"),
        ("Z0700 Z07:00 Z07", "+0530 +05:30 +05"),
        ("3:04 PM 03h", "4:05 PM 04h"),
    ],
)
def test_a_zone_shows_its_offset(layout: str, text: str) -> None:
    assert format_time(_EAST, 0, layout) == text
