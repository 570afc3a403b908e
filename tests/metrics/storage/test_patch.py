"""Markers are taken out and put back where they were."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.model import ABSENT, STALE
from opsbook.metrics.storage.patch import RUN, clipped, put_back, take_out

CELL = st.sampled_from([float(ABSENT), float(STALE), 1.0, 2.0, float("nan")])


@given(st.lists(st.lists(CELL, min_size=6, max_size=6), min_size=1, max_size=4))
def test_what_was_taken_out_is_put_back(rows: list[list[float]]) -> None:
    columns = np.array(rows)
    before = columns.copy().view(np.uint64)
    runs = take_out(columns)
    for run in runs:
        put_back(columns, run, int(run["column"][0]))
    assert (columns.view(np.uint64) == before).all()


@given(st.lists(CELL, min_size=6, max_size=6), st.integers(0, 5), st.integers(1, 6))
def test_runs_can_be_clipped_to_some_rows(row: list[float], start: int, length: int) -> None:
    columns = np.array([row])
    before = columns[:, start : start + length].copy().view(np.uint64)
    (runs,) = take_out(columns) or [np.empty(0, RUN)]
    part = columns[:, start : start + length].copy()
    put_back(part, clipped(runs, slice(start, start + length)), 0)
    assert (part.view(np.uint64) == before).all()


def test_a_marker_is_replaced_by_the_value_before_it() -> None:
    columns = np.array([[ABSENT, 5.0, STALE, STALE, 7.0]])
    (runs,) = take_out(columns)
    assert columns.tolist() == [[5.0, 5.0, 5.0, 5.0, 7.0]]
    assert [(start, length) for _, start, length, _ in runs.tolist()] == [(0, 1), (2, 2)]
