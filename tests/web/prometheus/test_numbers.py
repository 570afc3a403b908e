"""Numbers as Go writes them, held against what is known of Python's."""

import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsbook.web.prometheus.numbers import Points, number, numbers, stamp, with_exponent

FLOATS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(2**60), 2**60).map(float)
TIMES = st.integers(-(2**53), 2**53)


def expected(value: float) -> str:
    """`repr` has the shortest digits; only where they stand is Go's own."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value and not 1e-6 <= abs(value) < 1e21:
        return repr(value)
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0") if "." in text else text


@given(st.lists(FLOATS))
@example([0.0, -0.0, 1e-5, 9.999999999999999e-6, 1e-6, 9.99e-7, 1e16, 9999999999999998.0])
@example([1e15, 1e20, 999999999999999900000.0, 1e21, 5e-324, 1.7976931348623157e308, 10.0, 0.05])
def test_many_are_written_as_each_alone(values: list[float]) -> None:
    texts = [text.decode() for text in numbers(np.array(values, dtype=float))]
    assert texts == [expected(value) for value in values]
    assert texts == [number(value) for value in values]


@given(FLOATS)
def test_a_number_gives_its_value_back(value: float) -> None:
    back = float(number(value))
    assert back == value or (math.isnan(back) and math.isnan(value))


@given(TIMES)
def test_a_time_is_its_milliseconds_after_a_point(at: int) -> None:
    assert Decimal(stamp(at)) == Decimal(at) / 1000
    assert "e" not in stamp(at).lower()


@pytest.mark.parametrize(
    ("at", "text"), [(0, "0"), (1500, "1.500"), (1001, "1.001"), (-5, "-0.005"), (60_000, "60")]
)
def test_decimals_are_three_or_none(at: int, text: str) -> None:
    assert stamp(at) == text


@given(st.lists(TIMES, min_size=1, unique=True), st.data())
def test_points_are_json_of_times_and_texts(times: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(FLOATS, min_size=len(times), max_size=len(times)))
    points, stamps = Points(), np.array(times, dtype=np.int64)
    first = points.write(stamps, np.array(values))
    again = points.write(stamps.copy(), np.array(values))
    told = json.loads(f"[{first.decode()}]", parse_float=Decimal)
    assert first == again
    assert [Decimal(at) for at, _ in told] == [Decimal(at) / 1000 for at in times]
    assert [text for _, text in told] == [expected(value) for value in values]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1e+00"), (0.05, "5e-02"), (123.5, "1.235e+02"), (math.inf, "+Inf"), (-0.0, "-0e+00")],
)
def test_the_value_of_an_alert_has_an_exponent(value: float, text: str) -> None:
    assert with_exponent(value) == text
