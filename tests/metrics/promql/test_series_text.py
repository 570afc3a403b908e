"""Series as tests write them, on the corners of their notation."""

import math

import pytest

from opsbook.core.labels import NAME, format_labels
from opsbook.metrics.model import STALE
from opsbook.metrics.promql.series_text import (
    SeriesTextError,
    read_labels,
    read_points,
    read_series,
)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("1+2x3", [1, 3, 5, 7]),
        ("1-0.5x2", [1, 0.5, 0]),
        ("7x2", [7, 7, 7]),
        ("0x2", [0, 0, 0]),
        (".5x1 1.x1 1e2x1", [0.5, 0.5, 1, 1, 100, 100]),
        ("_ _x2 1", [None, None, None, 1]),
        ("-1e+3 +Inf -inf+1x1", [-1000, math.inf, -math.inf, -math.inf]),
        ("1 \t 2", [1, 2]),
        ("", []),
    ],
)
def test_points_are_written_short(item: str, expected: list[float | None]) -> None:
    assert read_series(f"x {item}")[1] == expected


def test_steps_are_added_one_by_one_to_the_last_digit() -> None:
    value, added = 0.0, [0.0]
    for _ in range(10):
        value += 0.1
        added.append(value)
    assert read_points("0+0.1x10") == added
    assert added[8] != 0.1 * 8


def test_a_staleness_marker_is_the_one_of_the_model() -> None:
    (point,) = read_series("x stale")[1]
    assert point is not None
    assert float(point).hex() == float(STALE).hex()


@pytest.mark.parametrize(
    "item",
    [
        *("stalex3", "STALE", "Infx3", "1+Infx2", "1+2", "5m", "0x", "1--2x2", "1_", "-x", "1,2"),
        *("1x-2", "1x2.5", "0x1F", "1x99999999999", "{{schema:0}}"),
    ],
)
def test_what_is_no_value_is_refused(item: str) -> None:
    with pytest.raises(SeriesTextError):
        read_points(item)


def test_native_histograms_stand_as_gaps_where_that_is_wanted() -> None:
    text = "{{schema:0 sum:1}}+{{sum:2 count:1}}x2 4"
    assert read_points(text, gaps_for_histograms=True) == [None, None, None, 4]
    with pytest.raises(SeriesTextError, match="native histograms"):
        read_points(text)


@pytest.mark.parametrize(
    "written",
    [
        *('x{a="b c}", d="\\"e"}', '{"my.name", "my.label"="v"}', "x", '{a="b"}', "x{}"),
        *("x{a='b'}", "x{a=`b`,}", 'x{ a = "b" }', 'sum{by="b"}', "rate", "x:y", "{}"),
    ],
)
def test_labels_are_read_in_every_notation(written: str) -> None:
    labels, points = read_series(f"{written} 1")
    assert points == [1]
    assert read_series(f"{format_labels(labels)} 1")[0] == labels
    assert read_labels(f" {written} ") == labels


def test_a_name_before_the_braces_is_the_name() -> None:
    assert dict(read_labels('x{__name__="y", a=""}')) == {NAME: "x"}
    assert dict(read_labels('{__name__="y"}')) == {NAME: "y"}


@pytest.mark.parametrize(
    "written",
    ['x{a!="b"}', 'x {a="b"}', "5x", 'x{a="b"}1', 'x{a="b", a="c"}', 'x{a="b"', "x{a}", "", "x y"],
)
def test_what_is_no_series_is_refused(written: str) -> None:
    with pytest.raises(SeriesTextError):
        read_labels(written)
