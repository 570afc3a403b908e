"""Durations, sizes and percentages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.core.units import (
    format_duration,
    format_size,
    parse_duration,
    parse_percent,
    parse_quantity,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("10s", 10), ("1h30m", 5400), ("1.5 h", 5400), ("2d", 172_800), ("5 m", 300)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "-5s", "5 parsecs", "1h 2", "1e3s", "5s!"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "count"), [("10 GiB", 10 * 2**30), ("10GB", 10**10), ("512 B", 512), ("1.5KiB", 1536)]
)
def test_a_size_is_read_in_bytes(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["10", "10 giB", "GB", "10 iB", "-1 B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


def test_a_percentage_needs_its_sign() -> None:
    assert parse_percent("80 %") == 80
    with pytest.raises(ValueError, match="not a percentage"):
        parse_percent("80")


def test_a_quantity_takes_any_unit() -> None:
    assert [parse_quantity(text) for text in ("80 %", "200ms", "1 KiB")] == [80, 0.2, 1024]


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_parts_of_a_duration_add_up(number: int, unit: str) -> None:
    single = parse_duration(f"{number}{unit}")
    assert parse_duration(f"{number}{unit}{number}{unit}") == pytest.approx(2 * single)


@given(st.floats(0, 1e9))
def test_people_get_every_duration_and_size_short(value: float) -> None:
    assert 1 <= len(format_duration(value)) <= 16
    assert 1 <= len(format_size(value)) <= 10


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0047, "4.7 ms"),
        (1.857, "1.86 s"),
        (7500, "2 h 5 min"),
        (3600, "1 h"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_duration_is_shown_with_three_digits(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
