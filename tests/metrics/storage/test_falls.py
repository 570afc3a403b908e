"""Falls are those of a look at every cell, wherever one begins and however it grew."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.storage.falls import FallFinder


@given(st.integers(0, 2**32), st.lists(st.integers(0, 600), min_size=2, max_size=6))
def test_falls_are_found_once_and_for_every_range(seed: int, places: list[int]) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, 1000, (600, 40)).cumsum(axis=0).astype(float)
    for row, column in zip(random.integers(1, 600, 20), random.integers(0, 40, 20), strict=True):
        values[row:, column] -= values[row, column]
    finder = FallFinder(values)
    for low, high in pairwise(places):
        if low < high:
            falls = finder.between(low, high)
            assert falls is not None
            rows, columns = np.nonzero(values[low + 1 : high] < values[low : high - 1])
            assert falls.rows.tolist() == (rows + 1).tolist()
            assert falls.columns.tolist() == columns.tolist()


def test_what_falls_all_the_time_is_not_remembered() -> None:
    values = np.random.default_rng(1).random((2_000, 30))
    assert FallFinder(values).between(0, 2_000) is None


def test_a_value_that_is_none_falls_not() -> None:
    values = np.array([[2.0], [np.nan], [1.0], [0.5]])
    falls = FallFinder(values).between(0, 4)
    assert falls is not None
    assert falls.rows.tolist() == [3]
