"""Windows that overlap are folded to what a fold of each one gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.core.labels import labels_of
from opsbook.metrics.model import Values
from opsbook.metrics.promql import sliding
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.query import Limits, Query
from opsbook.metrics.promql.sums import total
from opsbook.metrics.promql.windows import Windows
from tests.metrics.memory import Memory

QUERY = Query(Memory(), Limits(), 0, 0, 0, float("inf"), lambda: False)
CELLS = st.sampled_from([0.0, 1.0, 2.5, -3.0, 1e100, -1e100, 7e-3])
TIMES = st.sets(st.integers(0, 300), min_size=1, max_size=60).map(sorted)


def windows_over(times: list[int], values: Values, ends: list[int], length: int) -> Windows:
    at, stops = np.array(times), np.array(ends)
    labels = tuple(labels_of({"n": str(column)}) for column in range(values.shape[1]))
    first = np.searchsorted(at, stops - length, side="right")
    behind = np.searchsorted(at, stops, side="right")
    return Windows(labels, (False,) * len(labels), at, values, first, behind, stops, length)


@st.composite
def windows(draw: st.DrawFn, cells: st.SearchStrategy[float] = CELLS) -> Windows:
    times = draw(TIMES)
    columns = draw(st.sampled_from([1, 2, 33]))
    some = draw(st.lists(cells, min_size=5, max_size=5))
    cycle = np.resize(np.array(some), (len(times) + 3, columns))[: len(times)]
    step, length = draw(st.integers(1, 40)), draw(st.integers(1, 120))
    return windows_over(times, np.ascontiguousarray(cycle), list(range(5, 400, step)), length)


def folded(windows: Windows, fold: np.ufunc) -> Values:
    return windows.fold(QUERY, lambda _, window: fold.reduce(window, axis=0))


def some_window_is_filled(windows: Windows) -> bool:
    return bool(windows.filled().any())


@given(windows(CELLS | st.just(float("nan"))).filter(some_window_is_filled))
def test_extremes_are_those_of_each_window(given: Windows) -> None:
    found = sliding.extremes(QUERY, given, np.maximum, np.fmax)
    assert np.array_equal(found, folded(given, np.fmax), equal_nan=True)


@given(windows().filter(some_window_is_filled))
def test_sums_lose_nothing_whatever_the_signs(given: Windows) -> None:
    found = sliding.sums(QUERY, given, one_sign=False)
    expected = given.fold(QUERY, lambda _, window: total(window, one_sign=False))
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(windows(st.floats(0, 1e6)).filter(some_window_is_filled))
def test_sums_of_one_sign_are_plain_sums(given: Windows) -> None:
    found = sliding.sums(QUERY, given, one_sign=True)
    assert np.allclose(found, folded(given, np.add), rtol=1e-12)


@pytest.mark.parametrize("function", ["sum", "avg", "min", "max"])
@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan, 1.7e308])
def test_a_value_beyond_all_others_stays_in_its_windows(function: str, odd: float) -> None:
    memory = Memory()
    samples = [(at * 1000, odd if at in (30, 31) else float(at)) for at in range(100)]
    memory.add(labels_of({"__name__": "m"}), samples)
    expression = f"{function}_over_time(m[20s])"
    (series,) = Engine(memory).range(expression, 20_000, 99_000, 1_000).series
    instants = [
        Engine(memory).instant(expression, at).series[0].values[0]
        for at in range(20_000, 99_001, 1_000)
    ]
    assert np.allclose(series.values, instants, equal_nan=True)
    assert series.values[-1] == {"sum": 1790, "avg": 89.5, "min": 80, "max": 99}[function]


def test_windows_that_hardly_overlap_are_folded_one_by_one() -> None:
    apart = windows_over(list(range(100)), np.zeros((100, 1)), list(range(10, 100, 10)), 10)
    assert not sliding.overlapping(apart)
    many = windows_over(list(range(100)), np.zeros((100, 1)), list(range(10, 100, 1)), 10)
    assert sliding.overlapping(many)
