"""Floats as Go writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.templates.language.floats import format_float


@given(st.floats(allow_nan=False))
def test_the_shortest_form_reads_as_the_same_float(value: float) -> None:
    for verb in ("e", "f", "g"):
        assert float(format_float(value, verb)) == value
    if abs(value) != float("inf"):
        assert float.fromhex(format_float(value, "x")) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (100000.0, "100000"),
        (1e6, "1e+06"),
        (123456.5, "123456.5"),
        (1e-4, "0.0001"),
        (1e-5, "1e-05"),
        (1.5e300, "1.5e+300"),
        (float("nan"), "NaN"),
    ],
)
def test_an_exponent_comes_with_the_seventh_digit(value: float, text: str) -> None:
    assert format_float(value) == text


def test_a_precision_counts_digits_as_c_does() -> None:
    assert format_float(1234.5678, "g", 4) == "1235"
    assert format_float(12345.678, "g", 3) == "1.23e+04"
    assert format_float(2.5, "f", 0) == "2"
    assert format_float(0.05, "e", 2) == "5.00e-02"
