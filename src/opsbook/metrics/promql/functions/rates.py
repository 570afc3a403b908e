"""How fast a window's values change: `rate`, `increase`, `delta`, `irate`, `idelta`.

The extrapolation to the window's ends is Prometheus': as far as the end if a sample could
have stood there, else half a sampling interval, and a counter never to below zero.
"""

from typing import NamedTuple

import numpy as np

from opsbook.core.labels import NAME
from opsbook.metrics.model import Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.vector import Indices, Vector
from opsbook.metrics.promql.windows import Windows

_COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")


def _extrapolating(*, counter: bool, per_second: bool) -> Function:
    def apply(arguments: Arguments) -> Vector:
        query = arguments.query

        def over(windows: Windows) -> Vector:
            steps = windows.filled(2)
            values = _extrapolated(query, windows, counter=counter)
            if per_second:
                values /= windows.length / 1000
            return windows.result(values, steps)

        result = arguments.over_windows(over)
        if counter:
            _remark(query, result, arguments.call.arg_places[0])
        return result

    return apply


class _Edges(NamedTuple):
    """The first and last row of each window, and seconds between samples and ends."""

    first: Indices
    last: Indices
    sampled: Values
    to_start: Values
    to_end: Values


def _edges(windows: Windows) -> _Edges:
    rows = len(windows.times) - 1
    first = windows.first.clip(0, rows)
    last = (windows.behind - 1).clip(0, rows)
    starts = windows.ends - windows.length
    sampled = (windows.times[last] - windows.times[first]) / 1000
    between = sampled / np.maximum(windows.counts - 1, 1)
    to_start = (windows.times[first] - starts) / 1000
    to_end = (windows.ends - windows.times[last]) / 1000
    return _Edges(
        first,
        last,
        sampled,
        np.where(to_start >= between * 1.1, between / 2, to_start),
        np.where(to_end >= between * 1.1, between / 2, to_end),
    )


def _extrapolated(query: Query, windows: Windows, *, counter: bool) -> Values:
    edges = _edges(windows)
    begins = windows.values[edges.first]
    gained = windows.values[edges.last]
    gained -= begins
    if counter:
        _add_resets(query, windows, edges, gained)
    sampled = np.where(edges.sampled > 0, edges.sampled, 1.0)
    factor = (sampled + edges.to_start + edges.to_end) / sampled
    if not counter:
        return gained * factor[:, None]
    return _from_zero(edges, begins, gained, sampled, factor)


def _from_zero(
    edges: _Edges, begins: Values, gained: Values, sampled: Values, factor: Values
) -> Values:
    """Where the counter would be below zero at the window's start, it begins at zero."""
    early = begins * sampled[:, None] < gained * edges.to_start[:, None]
    early &= begins >= 0
    early &= gained > 0
    if early.any():
        rows, columns = np.nonzero(early)
        gain = gained[rows, columns]
        to_zero = sampled[rows] * (begins[rows, columns] / gain)
        reach = sampled[rows] + to_zero + edges.to_end[rows]
        gained *= factor[:, None]
        gained[rows, columns] = gain * (reach / sampled[rows])
        return gained
    gained *= factor[:, None]
    return gained


def _add_resets(query: Query, windows: Windows, edges: _Edges, gained: Values) -> None:
    """Adds what a counter held before each of its resets; most have none."""
    fell = windows.values[1:] < windows.values[:-1]
    columns = np.flatnonzero(fell.any(axis=0))
    if not len(columns):
        return
    lost = np.zeros((len(windows.times), len(columns)))
    lost[1:] = np.where(fell[:, columns], windows.values[:-1, columns], 0)
    upto = np.cumsum(lost, axis=0)
    gained[:, columns] += upto[edges.last] - upto[edges.first]
    for column in np.flatnonzero(~np.isfinite(upto[-1])):
        begins = windows.values[edges.first, columns[column]]
        ends = windows.values[edges.last, columns[column]]
        for step in np.flatnonzero(windows.filled(2)):
            query.check()
            inside = lost[edges.first[step] + 1 : edges.last[step] + 1, column]
            gained[step, columns[column]] = ends[step] - begins[step] + inside.sum()


def _remark(query: Query, result: Vector, place: str) -> None:
    for column, labels in enumerate(result.labels):
        name = next((value for key, value in labels if key == NAME), "")
        if name and not name.endswith(_COUNTER_ENDINGS) and result.present[:, column].any():
            query.inform(
                "metric might not be a counter, name does not end in"
                f' _total/_sum/_count/_bucket: "{name}"',
                place,
            )


def _last_two(*, counter: bool) -> Function:
    def apply(arguments: Arguments) -> Vector:
        return arguments.over_windows(lambda windows: _last_step(windows, counter=counter))

    return apply


def _last_step(windows: Windows, *, counter: bool) -> Vector:
    rows = len(windows.times) - 1
    last = (windows.behind - 1).clip(0, rows)
    before = (windows.behind - 2).clip(0, rows)
    old, new = windows.values[before], windows.values[last]
    values = new - old
    if counter:
        values = np.where(new < old, new, values)
        passed = (windows.times[last] - windows.times[before]) / 1000
        values = values / np.where(passed > 0, passed, 1.0)[:, None]
    return windows.result(values, windows.filled(2))


FUNCTIONS: dict[str, Function] = {
    "rate": _extrapolating(counter=True, per_second=True),
    "increase": _extrapolating(counter=True, per_second=False),
    "delta": _extrapolating(counter=False, per_second=False),
    "irate": _last_two(counter=True),
    "idelta": _last_two(counter=False),
}
