"""The bits that tell a staleness marker and an absent sample from a NaN."""

import numpy as np

from opsbook.metrics.model import ABSENT, STALE, is_absent, is_stale


def test_markers_are_told_apart_by_their_bits() -> None:
    values = np.array([1.0, STALE, ABSENT, np.nan, -np.inf])
    assert is_stale(values).tolist() == [False, True, False, False, False]
    assert is_absent(values).tolist() == [False, False, True, False, False]


def test_markers_survive_copies_and_slices() -> None:
    matrix = np.full((4, 3), ABSENT)
    matrix[1, 2] = STALE
    copied = np.ascontiguousarray(matrix[:, ::-1].T)
    assert is_stale(copied).sum() == 1
    assert is_absent(copied).sum() == 11
