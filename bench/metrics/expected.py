"""What VictoriaMetrics should say, from the samples themselves: its rate is another.

Prometheus and Opsbook extrapolate the samples within a window to its ends. VictoriaMetrics takes
the last sample before the window as well, and extrapolates nothing: for counters that move evenly
both are the same. Source: MetricsQL's documentation of `rate`.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.metrics.data import Span, Target
from opsbook.core.labels import NAME, Labels
from opsbook.metrics.model import Values

Series = dict[Labels, dict[float, float]]
"""Labels -> time in seconds -> value."""
_WINDOW = 300_000
UNTIL_FULL = 2 * _WINDOW
"""Milliseconds until there is a sample before the window of every series."""
_STEP = 60_000


def rates(targets: Sequence[Target], covered: Span) -> Series:
    at = np.array([covered.end])
    return {
        _unnamed(labels): {covered.end / 1000: float(value)}
        for target in targets
        for labels, value in zip(_of(target, "x"), _rates(target, "x", at)[0], strict=True)
    }


def sums_of_rates(targets: Sequence[Target], covered: Span) -> Series:
    at = _steps(covered)
    return {
        (("job", target.name),): _timed(at, _rates(target, "x", at).sum(axis=1))
        for target in targets
    }


def quantile(targets: Sequence[Target], covered: Span) -> Series:
    at = _steps(covered)
    bounds = [dict(labels)["le"] for labels in _of(targets[0], "b_bucket")]
    order = list(dict.fromkeys(bounds))
    counts = np.zeros((len(at), len(order)))
    for target in targets:
        counts += _rates(target, "b_bucket", at).reshape(len(at), -1, len(order)).sum(axis=1)
    return {(): _timed(at, _quantile(0.99, np.array(order, float), counts))}


def _rates(target: Target, name: str, at: NDArray[np.int64]) -> Values:
    """From the last sample before the window to the last in it, resets added back."""
    columns = [place for place, labels in enumerate(target.labels) if labels[0] == (NAME, name)]
    values = target.values[:, columns]
    lost = np.where(values[1:] < values[:-1], values[:-1], 0).cumsum(axis=0)
    values = values + np.concatenate([np.zeros((1, len(columns))), lost])
    last = np.searchsorted(target.times, at, side="right") - 1
    first = np.searchsorted(target.times, at - _WINDOW, side="right") - 1
    seconds = (target.times[last] - target.times[first]) / 1000
    return np.asarray((values[last] - values[first]) / seconds[:, None])


def _quantile(wanted: float, bounds: Values, counts: Values) -> Values:
    rank = wanted * counts[:, -1]
    bucket = np.minimum((counts < rank[:, None]).sum(axis=1), len(bounds) - 2)
    rows = np.arange(len(counts))
    below = np.where(bucket > 0, counts[rows, bucket - 1], 0)
    begin = np.where(bucket > 0, bounds[bucket - 1], 0)
    share = (rank - below) / (counts[rows, bucket] - below)
    inside = begin + (bounds[bucket] - begin) * share
    return np.asarray(np.where(rank > counts[:, -2], bounds[-2], inside))


def _steps(covered: Span) -> NDArray[np.int64]:
    """Those whose window and the sample before it lie within what is covered."""
    return np.arange(covered.start + UNTIL_FULL, covered.end + 1, _STEP)


def _of(target: Target, name: str) -> list[Labels]:
    return [labels for labels in target.labels if labels[0] == (NAME, name)]


def _unnamed(labels: Labels) -> Labels:
    return labels[1:]


def _timed(at: NDArray[np.int64], values: Values) -> dict[float, float]:
    return dict(zip((at / 1000).tolist(), values.tolist(), strict=True))


EXPECTED: dict[str, Callable[[Sequence[Target], Span], Series]] = {
    "rate": rates,
    "sum of rates": sums_of_rates,
    "quantile": quantile,
}
"""The queries of which VictoriaMetrics' answer is another than that of the two others."""
