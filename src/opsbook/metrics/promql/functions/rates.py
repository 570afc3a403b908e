"""How fast a window's values change: `rate`, `increase`, `delta`, `irate`, `idelta`.

The extrapolation to the window's ends is Prometheus': as far as the end if a sample could
have stood there, else half a sampling interval, and a counter never to below zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from opsbook.metrics.model import Falls, Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.vector import Indices, Vector, name_of
from opsbook.metrics.promql.windows import Windows

_COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")
_CELLS = 32_768
"""Cells worked on at once. All that belongs to them stays in the processor's cache, and nothing
large is allocated: on fresh memory the same work took twice as long."""
_RESTARTS = 200
"""Rows with resets up to which each is added for itself."""


def _extrapolating(*, counter: bool, per_second: bool) -> Function:
    def apply(arguments: Arguments) -> Vector:
        query, place = arguments.query, arguments.call.arg_places[0]

        def over(windows: Windows) -> Vector:
            seconds = windows.length / 1000 if per_second else 1.0
            values = _extrapolated(windows, counter=counter, seconds=seconds)
            result = windows.result(values, windows.filled(2))
            if counter:
                _remark(query, result, place)
            return result

        return arguments.over_windows(over)

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
        np.where(sampled > 0, sampled, 1.0),
        np.where(to_start >= between * 1.1, between / 2, to_start),
        np.where(to_end >= between * 1.1, between / 2, to_end),
    )


def _extrapolated(windows: Windows, *, counter: bool, seconds: float) -> Values:
    edges = _edges(windows)
    steps, columns = len(edges.first), len(windows.labels)
    factor = (edges.sampled + edges.to_start + edges.to_end) / edges.sampled / seconds
    resets = _resets(windows, edges) if counter else []
    gained = np.empty((steps, columns))
    size = max(min(_CELLS // columns, steps), 1)
    begins, spare = np.empty((size, columns)), np.empty((size, columns))
    for start in range(0, steps, size):
        now = slice(start, min(start + size, steps))
        here, before = gained[now], begins[: now.stop - start]
        # `clip` only because numpy then writes without a copy; no row is beyond.
        np.take(windows.values, edges.last[now], axis=0, out=here, mode="clip")
        np.take(windows.values, edges.first[now], axis=0, out=before, mode="clip")
        here -= before
        for reset in resets:
            reset.add(here, now)
        if counter:
            _from_zero(edges, now, before, here, factor, seconds, spare[: len(here)])
        else:
            here *= factor[now, None]
    return gained


def _from_zero(
    edges: _Edges,
    now: slice,
    begins: Values,
    gained: Values,
    factor: Values,
    seconds: float,
    spare: Values,
) -> None:
    """Where the counter would be below zero at the window's start, it begins at zero."""
    np.multiply(gained, (edges.to_start[now] / edges.sampled[now])[:, None], out=spare)
    early = begins < spare
    if early.any():
        early &= begins >= 0
        early &= gained > 0
        rows, columns = np.nonzero(early)
        gain = gained[rows, columns]
        sampled, to_end = edges.sampled[now][rows], edges.to_end[now][rows]
        reach = sampled + sampled * (begins[rows, columns] / gain) + to_end
        gained *= factor[now, None]
        gained[rows, columns] = gain * (reach / sampled / seconds)
    else:
        gained *= factor[now, None]


class _Reset(Protocol):
    def add(self, gained: Values, steps: slice) -> None:
        """What counters held before they were reset, to the steps whose windows have that."""
        ...


@dataclass(frozen=True, slots=True)
class _Restart:
    """Counters that were reset at the same row."""

    steps: slice
    columns: Indices
    held: Values

    def add(self, gained: Values, steps: slice) -> None:
        low = max(self.steps.start, steps.start) - steps.start
        high = min(self.steps.stop, steps.stop) - steps.start
        if low < high:
            gained[low:high, self.columns] += self.held


@dataclass(frozen=True, slots=True)
class _Restless:
    """Columns that fall so often that sums up to each row are quicker."""

    columns: Indices
    upto: Values
    edges: _Edges

    def add(self, gained: Values, steps: slice) -> None:
        gained[:, self.columns] += self.upto[self.edges.last[steps]]
        gained[:, self.columns] -= self.upto[self.edges.first[steps]]


def _resets(windows: Windows, edges: _Edges) -> list[_Reset]:
    falls = windows.falls() if windows.falls is not None else None
    if falls is None:
        rows, columns = np.nonzero(windows.values[1:] < windows.values[:-1])
        falls = Falls(rows + 1, columns)
    if not len(falls.rows):
        return []
    held = windows.values[falls.rows - 1, falls.columns]
    if len(np.unique(falls.rows)) <= _RESTARTS:
        return list(_restarts(falls, held, edges))
    sums = np.bincount(falls.columns, held, len(windows.labels))
    quick = np.isfinite(sums[falls.columns])
    columns = np.unique(falls.columns[quick])
    lost = np.zeros((len(windows.times), len(columns)))
    lost[falls.rows[quick], columns.searchsorted(falls.columns[quick])] = held[quick]
    slow = Falls(falls.rows[~quick], falls.columns[~quick])
    restless = _Restless(columns, np.cumsum(lost, axis=0), edges)
    return [restless, *_restarts(slow, held[~quick], edges)]


def _restarts(falls: Falls, held: Values, edges: _Edges) -> Iterator[_Restart]:
    """Windows begin and end later with each step, so those that have a row lie together."""
    rows, starts = np.unique(falls.rows, return_index=True)
    for row, (start, stop) in zip(rows, pairwise([*starts, len(falls.rows)]), strict=True):
        steps = slice(int(edges.last.searchsorted(row)), int(edges.first.searchsorted(row)))
        yield _Restart(steps, falls.columns[start:stop], held[start:stop])


def _remark(query: Query, result: Vector, place: str) -> None:
    for name in sorted({name_of(labels) for labels in result.labels}):
        if not name or name.endswith(_COUNTER_ENDINGS):
            continue
        columns = [column for column, one in enumerate(result.labels) if name_of(one) == name]
        if result.present[:, columns].any():
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
