"""Sums that keep what plain addition loses: 1 + 1e100 − 1e100 is 1.

Pairs are added with their exact rounding error (Knuth's TwoSum), level by level, so the error
does not depend on the order. Where everything has one sign nothing can be lost, and numpy's
plain sum does.
"""

import numpy as np

from opsbook.metrics.model import Values


def total(values: Values, *, one_sign: bool | None = None) -> Values:
    """The sum over axis 0. Who knows already whether all values are ≥ 0 says so."""
    if one_sign or len(values) < 3 or (one_sign is None and values.min() >= 0):
        sums: Values = np.add.reduce(values, axis=0)
        return sums
    return _compensated(values)


def mean(values: Values, *, one_sign: bool | None = None) -> Values:
    """The mean over axis 0, also where the sum alone would overflow."""
    count = len(values)
    means = total(values, one_sign=one_sign) / count
    beyond = ~np.isfinite(means)
    if beyond.any():
        finite = beyond & np.isfinite(values).all(axis=0)
        if finite.any():
            means[finite] = _compensated(values[:, finite] / count)
    return means


def two_sum(left: Values, right: Values) -> tuple[Values, Values]:
    """The sum, and exactly what it lost by rounding."""
    added = left + right
    virtual = added - left
    return added, (left - (added - virtual)) + (right - virtual)


def _compensated(values: Values) -> Values:
    sums, errors = values, np.zeros_like(values)
    while len(sums) > 1:
        half = len(sums) // 2
        left, right, rest = sums[:half], sums[half : 2 * half], sums[2 * half :]
        added, lost = two_sum(left, right)
        lost += errors[:half] + errors[half : 2 * half]
        sums = np.concatenate([added, rest])
        errors = np.concatenate([lost, errors[2 * half :]])
    exact: Values = sums[0] + errors[0]
    return np.where(np.isfinite(exact), exact, np.add.reduce(values, axis=0))
