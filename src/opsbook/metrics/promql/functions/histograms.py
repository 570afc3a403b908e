"""`histogram_quantile` and `histogram_fraction` of classic histograms."""

import datetime
from collections.abc import Callable

import numpy as np

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.model import Times, Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.buckets import Forced, Histograms, histograms, made_monotonic
from opsbook.metrics.promql.numbers import short
from opsbook.metrics.promql.quantiles import warn_of
from opsbook.metrics.promql.vector import Vector, empty


def _quantile(arguments: Arguments) -> Vector:
    wanted = arguments.scalar(0)
    warn_of(arguments.query, wanted, arguments.call.arg_places[0])

    def of(histogram: Histograms, labels: list[Labels]) -> Values:
        forced = made_monotonic(histogram)
        for place, column in enumerate(histogram.columns):
            if forced.samples[:, place].any():
                times = arguments.grid.times[histogram.rows[forced.samples[:, place]]]
                message = _forced_message(labels[column], forced, times)
                arguments.query.inform(message, arguments.call.arg_places[1])
        return _quantiles(wanted[histogram.rows], histogram)

    return _of_each(arguments, 1, of)


def _of_each(
    arguments: Arguments, index: int, function: Callable[[Histograms, list[Labels]], Values]
) -> Vector:
    """`function` gives steps × histograms; here they find their places."""
    place = arguments.call.arg_places[index]
    labels, parts = histograms(arguments.query, arguments.vector(index), place)
    steps = arguments.grid.steps
    if not labels:
        return empty(steps)
    values = np.zeros((steps, len(labels)))
    present = np.zeros((steps, len(labels)), dtype=bool)
    for part in parts:
        arguments.query.check()
        where = np.ix_(part.rows, np.array(part.columns))
        values[where] = function(part, labels)
        present[where] = True
    return Vector(tuple(labels), (True,) * len(labels), values, present)


def _forced_message(labels: Labels, forced: Forced, times: Times) -> str:
    name = dict(labels).get(NAME, "")
    of_metric = f' for metric name "{name}"' if name else ""
    first, last = (
        f"{datetime.datetime.fromtimestamp(int(at) // 1000, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        for at in (times.min(), times.max())
    )
    return (
        "input to histogram_quantile needed to be fixed for monotonicity (see"
        " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
        f"{of_metric}, from buckets {short(forced.lowest)} to {short(forced.highest)},"
        f" with a max diff of {forced.difference:.2g}, over {len(times)} samples"
        f" from {first} to {last}"
    )


def _quantiles(wanted: Values, histogram: Histograms) -> Values:
    """Linear within the bucket that the rank falls into; the first one begins at zero."""
    bounds, counts = histogram.bounds, histogram.counts
    observed = counts[-1]
    if len(bounds) < 2 or bounds[-1] != np.inf:
        values = np.full(observed.shape, np.nan)
    else:
        values = _interpolated(wanted[:, None] * observed, bounds, counts)
        values = np.where((observed == 0) | np.isnan(observed), np.nan, values)
    beyond = np.where(wanted < 0, -np.inf, np.where(wanted > 1, np.inf, np.nan))
    inside = (wanted >= 0) & (wanted <= 1)
    return np.where(inside[:, None], values, beyond[:, None])


def _interpolated(rank: Values, bounds: Values, counts: Values) -> Values:
    bucket = (counts[:-1] < rank).sum(axis=0)
    last = len(bounds) - 1
    inner = np.minimum(bucket, last - 1)
    below = np.take_along_axis(counts, (inner - 1).clip(0)[None], axis=0)[0]
    below = np.where(inner > 0, below, 0)
    here = np.take_along_axis(counts, inner[None], axis=0)[0]
    begins = np.where(inner > 0, bounds[(inner - 1).clip(0)], 0)
    ends = bounds[inner]
    values = begins + (ends - begins) * ((rank - below) / (here - below))
    values = np.where((inner == 0) & (ends <= 0), ends, values)
    result: Values = np.where(bucket == last, bounds[last - 1], values)
    return result


def _fraction(arguments: Arguments) -> Vector:
    lower, upper = arguments.scalar(0), arguments.scalar(1)

    def of(histogram: Histograms, _: list[Labels]) -> Values:
        return _fractions(lower[histogram.rows], upper[histogram.rows], histogram)

    return _of_each(arguments, 2, of)


def _fractions(lower: Values, upper: Values, histogram: Histograms) -> Values:
    """The share of observations in lower < value ≤ upper."""
    observed = histogram.counts[-1]
    if histogram.bounds[-1] != np.inf:
        return np.full(observed.shape, np.nan)
    share = (_rank(upper, histogram) - _rank(lower, histogram)) / observed
    share = np.where((lower >= upper)[:, None], 0.0, share)
    unknown = np.isnan(lower) | np.isnan(upper)
    return np.where(unknown[:, None] | (observed == 0), np.nan, share)


def _rank(limit: Values, histogram: Histograms) -> Values:
    """How many observations lie below a limit: linear within a bucket with two ends."""
    bounds, counts = histogram.bounds, histogram.counts
    rank = counts[-1].copy()
    unset = np.ones(rank.shape, dtype=bool)
    below: Values = np.zeros(rank.shape)
    lowest = -np.inf if bounds[0] <= 0 else 0.0
    for number, bound in enumerate(bounds):
        reached = unset & (lowest >= limit)[:, None]
        rank = np.where(reached, below, rank)
        unset &= ~reached
        within = unset & ((lowest < limit) & (bound > limit))[:, None]
        if np.isinf(lowest):
            inside = counts[number]
        else:
            share = (limit - lowest) / (bound - lowest)
            inside = below + (counts[number] - below) * share[:, None]
        rank = np.where(within, inside, rank)
        unset &= ~within
        below, lowest = counts[number], bound
    capped: Values = np.minimum(rank, counts[-1])
    return capped


FUNCTIONS: dict[str, Function] = {
    "histogram_quantile": _quantile,
    "histogram_fraction": _fraction,
}
