"""Sums against exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from opsbook.metrics.model import Values
from opsbook.metrics.promql.sums import mean, total

_NUMBERS = st.floats(-1e100, 1e100, allow_nan=False)


@given(arrays(np.float64, st.integers(1, 40), elements=_NUMBERS))
def test_a_sum_is_right_but_for_its_last_digits(values: Values) -> None:
    exact = sum(map(Fraction, values.tolist()), start=Fraction(0))
    apart = abs(Fraction(float(total(values[:, None])[0])) - exact)
    largest = Fraction(float(np.abs(values).max()))
    assert apart <= abs(exact) * Fraction(1, 2**48) + largest * Fraction(1, 2**90)


def test_nothing_is_lost_between_numbers_of_different_size() -> None:
    assert total(np.array([[1.0], [1e100], [1.0], [-1e100]])).tolist() == [2.0]


def test_infinities_and_nan_are_summed_as_such() -> None:
    values = np.array([[math.inf, math.inf, -1.0], [-1.0, -math.inf, math.nan], [1.0, 1.0, 1.0]])
    with np.errstate(all="ignore"):
        first, second, third = total(values)
    assert first == math.inf
    assert math.isnan(second)
    assert math.isnan(third)


def test_a_mean_is_found_where_the_sum_overflows() -> None:
    large = 9e307
    with np.errstate(all="ignore"):
        assert mean(np.full((4, 1), large)).tolist() == [large]
        assert mean(np.array([[-large], [-large], [large], [large]])).tolist() == [0.0]
