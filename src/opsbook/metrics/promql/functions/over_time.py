"""The `…_over_time` family, and what else only looks at the values in a window."""

from collections.abc import Callable

import numpy as np

from opsbook.core.labels import labels_of
from opsbook.metrics.model import Values
from opsbook.metrics.promql import sliding
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.functions.absent import labels_sought
from opsbook.metrics.promql.quantiles import quantile, warn_of
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.sums import mean, total
from opsbook.metrics.promql.vector import Mask, Vector, single
from opsbook.metrics.promql.windows import Windows


def _folding(function: Callable[[Values], Values]) -> Function:
    def apply(arguments: Arguments) -> Vector:
        def over(windows: Windows) -> Vector:
            values = windows.fold(arguments.query, lambda _, window: function(window))
            return windows.result(values, windows.filled())

        return arguments.over_windows(over)

    return apply


def _adding(function: Callable[..., Values], *, mean: bool) -> Function:
    """The signs are looked at once for all windows."""

    def apply(arguments: Arguments) -> Vector:
        def over(windows: Windows) -> Vector:
            values = _summed(arguments.query, windows, mean=mean)
            if values is None:
                one_sign = bool(windows.values.min() >= 0)
                values = windows.fold(
                    arguments.query, lambda _, window: function(window, one_sign=one_sign)
                )
            return windows.result(values, windows.filled())

        return arguments.over_windows(over)

    return apply


def _summed(query: Query, windows: Windows, *, mean: bool) -> Values | None:
    """Of windows that overlap; None where a sum would not be finite."""
    if not sliding.overlapping(windows):
        return None
    least, most = windows.values.min(), windows.values.max()
    if not (np.isfinite(least) and np.isfinite(most)):
        return None
    values = sliding.sums(query, windows, one_sign=bool(least >= 0))
    if mean:
        values /= np.maximum(windows.counts, 1)[:, None]
    return values if np.isfinite(values).all() else None


def _extreme(plain: np.ufunc, without_nan: np.ufunc) -> Function:
    """NaN only where nothing else is there; the quick function spreads it, so it goes first."""

    def reduce(window: Values) -> Values:
        values: Values = plain.reduce(window, axis=0)
        if np.isnan(values).any():
            values = without_nan.reduce(window, axis=0)
        return values

    def apply(arguments: Arguments) -> Vector:
        def over(windows: Windows) -> Vector:
            query = arguments.query
            if sliding.overlapping(windows):
                values = sliding.extremes(query, windows, plain, without_nan)
            else:
                values = windows.fold(query, lambda _, window: reduce(window))
            return windows.result(values, windows.filled())

        return arguments.over_windows(over)

    return apply


def _variance(window: Values) -> Values:
    """Measured from the first value, so that equal values have exactly none."""
    shifted = window - window[0]
    shifted -= shifted.mean(axis=0)
    values: Values = (shifted * shifted).mean(axis=0)
    return values


def _deviation(window: Values) -> Values:
    return np.sqrt(_variance(window))


def _edge(behind: bool) -> Function:
    """The newest or the oldest sample, under its own name."""

    def apply(arguments: Arguments) -> Vector:
        def over(windows: Windows) -> Vector:
            rows = (windows.behind - 1 if behind else windows.first).clip(0, len(windows.times) - 1)
            return windows.result(windows.values[rows], windows.filled(), nameless=False)

        return arguments.over_windows(over)

    return apply


def _count(arguments: Arguments) -> Vector:
    def over(windows: Windows) -> Vector:
        shape = (len(windows.ends), len(windows.labels))
        values = np.broadcast_to(windows.counts[:, None].astype(float), shape)
        return windows.result(values, windows.filled())

    return arguments.over_windows(over)


def _present(arguments: Arguments) -> Vector:
    def over(windows: Windows) -> Vector:
        values = np.ones((len(windows.ends), len(windows.labels)))
        return windows.result(values, windows.filled())

    return arguments.over_windows(over)


def _absent(arguments: Arguments) -> Vector:
    seen = np.zeros(arguments.grid.steps, dtype=bool)
    for windows in arguments.windows():
        seen |= windows.filled()
    labels = labels_of(labels_sought(arguments.call.args[0]))
    return single(labels, np.ones(arguments.grid.steps), ~seen)


def _quantile(arguments: Arguments) -> Vector:
    wanted = arguments.scalar(0)
    warn_of(arguments.query, wanted, arguments.call.arg_places[0])

    def over(windows: Windows) -> Vector:
        values = np.zeros((len(windows.ends), len(windows.labels)))
        for step in np.flatnonzero(windows.filled()):
            window = windows.values[windows.first[step] : windows.behind[step]]
            values[step] = quantile(wanted[step : step + 1], window.T[None])[0]
        return windows.result(values, windows.filled())

    return arguments.over_windows(over, index=1)


def _neighbours(differ: Callable[[Values, Values], Mask]) -> Function:
    """How many samples differ in some way from the one before, both in the window."""

    def apply(arguments: Arguments) -> Vector:
        def over(windows: Windows) -> Vector:
            found = differ(windows.values[:-1], windows.values[1:])
            upto = np.zeros((len(windows.times), len(windows.labels)), dtype=np.int64)
            np.cumsum(found, axis=0, out=upto[1:])
            last = (windows.behind - 1).clip(0)
            first = windows.first.clip(0, len(windows.times) - 1)
            counts = (upto[last] - upto[first]).astype(float)
            return windows.result(counts, windows.filled())

        return arguments.over_windows(over)

    return apply


def _changed(before: Values, after: Values) -> Mask:
    both_nan: Mask = np.isnan(before) & np.isnan(after)
    return np.not_equal(before, after) & ~both_nan


def _fell(before: Values, after: Values) -> Mask:
    return np.less(after, before)


FUNCTIONS: dict[str, Function] = {
    "sum_over_time": _adding(total, mean=False),
    "avg_over_time": _adding(mean, mean=True),
    "min_over_time": _extreme(np.minimum, np.fmin),
    "max_over_time": _extreme(np.maximum, np.fmax),
    "stdvar_over_time": _folding(_variance),
    "stddev_over_time": _folding(_deviation),
    "count_over_time": _count,
    "present_over_time": _present,
    "absent_over_time": _absent,
    "last_over_time": _edge(behind=True),
    "first_over_time": _edge(behind=False),
    "quantile_over_time": _quantile,
    "changes": _neighbours(_changed),
    "resets": _neighbours(_fell),
}
