"""The φ-quantile of a set of samples, as `quantile` and `quantile_over_time` take it."""

import numpy as np

from opsbook.metrics.model import Values
from opsbook.metrics.promql.numbers import short
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.vector import Mask


def warn_of(query: Query, wanted: Values, place: str) -> None:
    """Says which of the wanted quantiles are none."""
    for value in np.unique(wanted[~((wanted >= 0) & (wanted <= 1))]):
        message = f"quantile value should be between 0 and 1, got {short(value)}"
        query.warn(message, place)


def quantile(wanted: Values, samples: Values, present: Mask | None = None) -> Values:
    """Of steps × sets × samples, the last axis taken away. NaN counts as the smallest value."""
    masked = samples if present is None else np.where(present, samples, np.nan)
    held = np.full(samples.shape[:2], samples.shape[2]) if present is None else present.sum(axis=2)
    ordered = np.sort(masked, axis=2)
    nans = held - (~np.isnan(masked)).sum(axis=2)
    rank = wanted[:, None] * (held - 1)
    below = np.floor(rank).clip(0)
    weight = rank - np.floor(rank)
    low = _at(ordered, nans, below)
    high = _at(ordered, nans, np.minimum(below + 1, held - 1))
    values = low * (1 - weight) + high * weight
    outside = np.where(wanted < 0, -np.inf, np.where(wanted > 1, np.inf, np.nan))
    inside = (wanted >= 0) & (wanted <= 1)
    return np.where(inside[:, None], values, outside[:, None])


def _at(ordered: Values, nans: Values, place: Values) -> Values:
    """The sample at a place of the order that has the NaNs in front; numpy has them behind."""
    index = np.nan_to_num(place - nans, nan=0).clip(0, ordered.shape[2] - 1).astype(np.intp)
    values = np.take_along_axis(ordered, index[:, :, None], axis=2)[:, :, 0]
    return np.where(place < nans, np.nan, values)
