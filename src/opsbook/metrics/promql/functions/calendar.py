"""Time: when a sample was taken, and what a Unix time is in the calendar (UTC)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.nodes import Selector
from opsbook.metrics.promql.selectors import instant
from opsbook.metrics.promql.vector import Vector, single

Moments = NDArray[np.datetime64]
_FARTHEST = 6e10
"""Seconds from 1970 that numpy's calendar and ours both know: some 1,900 years."""


def _of_calendar(function: Callable[[Moments], NDArray[np.int64]]) -> Function:
    def apply(arguments: Arguments) -> Vector:
        now = single((), arguments.grid.times / 1000)
        vector = arguments.vector(0) if arguments.count else now
        known = np.abs(vector.values) < _FARTHEST
        seconds = np.where(known, vector.values, 0).astype(np.int64)
        found = function(seconds.astype("datetime64[s]")).astype(float)
        return vector.with_values(np.where(known, found, np.nan))

    return apply


def _since(moments: Moments, unit: str, part: str) -> NDArray[np.int64]:
    """How many parts have passed since the beginning of the unit."""
    begun = moments.astype(f"datetime64[{unit}]")
    passed: NDArray[np.int64] = (moments - begun).astype(f"timedelta64[{part}]").astype(np.int64)
    return passed


def _days_in_month(moments: Moments) -> NDArray[np.int64]:
    month = moments.astype("datetime64[M]")
    following = (month + 1).astype("datetime64[D]")
    days: NDArray[np.int64] = (following - month.astype("datetime64[D]")).astype(np.int64)
    return days


def _timestamp(arguments: Arguments) -> Vector:
    """The time of the sample itself where a selector is asked, else that of the step."""
    node = arguments.call.args[0]
    if isinstance(node, Selector):
        vector = instant(arguments.query, node, arguments.grid, stamps=True)
        return vector.with_values(vector.values)
    vector = arguments.vector(0)
    times: Values = arguments.grid.times[:, None] / 1000
    return vector.with_values(np.broadcast_to(times, vector.values.shape))


FUNCTIONS: dict[str, Function] = {
    "minute": _of_calendar(lambda moments: _since(moments, "h", "m")),
    "hour": _of_calendar(lambda moments: _since(moments, "D", "h")),
    "day_of_week": _of_calendar(
        lambda moments: (moments.astype("datetime64[D]").astype(np.int64) + 4) % 7
    ),
    "day_of_month": _of_calendar(lambda moments: _since(moments, "M", "D") + 1),
    "day_of_year": _of_calendar(lambda moments: _since(moments, "Y", "D") + 1),
    "days_in_month": _of_calendar(_days_in_month),
    "month": _of_calendar(
        lambda moments: moments.astype("datetime64[M]").astype(np.int64) % 12 + 1
    ),
    "year": _of_calendar(lambda moments: moments.astype("datetime64[Y]").astype(np.int64) + 1970),
    "timestamp": _timestamp,
}
