"""A straight line through a window's samples: `deriv` and `predict_linear`."""

import numpy as np

from opsbook.metrics.model import Times, Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.vector import Vector
from opsbook.metrics.promql.windows import Windows


def _slope(times: Times, values: Values) -> Values:
    """By least squares, per second; measured from the means, which keeps the digits."""
    seconds = (times - times[0]) / 1000
    seconds = seconds - seconds.mean()
    risen = values - values[0]
    slopes = seconds @ risen / (seconds @ seconds)
    return np.where(np.isfinite(values).all(axis=0), slopes, np.nan)


def _deriv(arguments: Arguments) -> Vector:
    def over(windows: Windows) -> Vector:
        return windows.result(windows.fold(arguments.query, _slope, 2), windows.filled(2))

    return arguments.over_windows(over)


def _predict_linear(arguments: Arguments) -> Vector:
    """From the line's value at the time of evaluation, which an `@` does not move."""
    ahead = arguments.scalar(1)

    def over(windows: Windows) -> Vector:
        query = arguments.query
        slopes = windows.fold(query, _slope, 2)
        levels = windows.fold(query, _level, 2)
        middles = windows.fold(query, _middle, 2)
        seconds = arguments.grid.times[:, None] / 1000 - middles + ahead[:, None]
        return windows.result(levels + slopes * seconds, windows.filled(2))

    return arguments.over_windows(over)


def _level(_: Times, values: Values) -> Values:
    level: Values = values[0] + (values - values[0]).mean(axis=0)
    return level


def _middle(times: Times, values: Values) -> Values:
    return np.full(values.shape[1], times[0] / 1000 + ((times - times[0]) / 1000).mean())


FUNCTIONS: dict[str, Function] = {"deriv": _deriv, "predict_linear": _predict_linear}
