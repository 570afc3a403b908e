"""A straight line through a window's samples: `deriv` and `predict_linear`."""

import math

import numpy as np

from opsbook.metrics.model import Times, Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.vector import Vector
from opsbook.metrics.promql.windows import Windows


def _slope(times: Times, values: Values) -> Values:
    """By least squares, per second."""
    slopes: Values = _line(times, values)[0]
    return slopes


def _line(times: Times, values: Values) -> Values:
    """Slopes, and the values in the middle of the window, and when that is, in seconds.

    Measured from the first sample and from the means, which keeps the digits.
    """
    seconds = (times - times[0]) / 1000
    middle = np.add.reduce(seconds) / len(seconds)
    seconds -= middle
    weights = np.empty((2, len(seconds)))
    np.divide(seconds, seconds @ seconds, out=weights[0])
    weights[1] = 1 / len(seconds)
    lines = np.empty((3, values.shape[1]))
    # Both sums in one product: a window of hundreds of rows is read once.
    np.matmul(weights, values - values[0], out=lines[:2])
    if not math.isfinite(np.add.reduce(lines[0])):
        lines[0, ~np.isfinite(values).all(axis=0)] = np.nan
    lines[1] += values[0]
    lines[2] = times[0] / 1000 + middle
    return lines


def _deriv(arguments: Arguments) -> Vector:
    def over(windows: Windows) -> Vector:
        return windows.result(windows.fold(arguments.query, _slope, 2), windows.filled(2))

    return arguments.over_windows(over)


def _predict_linear(arguments: Arguments) -> Vector:
    """From the line's value at the time of evaluation, which an `@` does not move."""
    ahead = arguments.scalar(1)

    def over(windows: Windows) -> Vector:
        slopes, levels, middles = windows.fold_many(arguments.query, _line, 3, 2)
        seconds = arguments.grid.times[:, None] / 1000 - middles + ahead[:, None]
        return windows.result(levels + slopes * seconds, windows.filled(2))

    return arguments.over_windows(over)


FUNCTIONS: dict[str, Function] = {"deriv": _deriv, "predict_linear": _predict_linear}
