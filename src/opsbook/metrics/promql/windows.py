"""The samples behind each step: `x[5m]`, for all series that share their times at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import Labels
from opsbook.metrics.model import Falls, Frame, Share, Times, Values, is_absent, is_stale
from opsbook.metrics.promql.nodes import RangeSelector
from opsbook.metrics.promql.query import Grid, Query
from opsbook.metrics.promql.vector import Mask, Vector, repeated

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Windows:
    """Every value is a sample. The window of a step is the rows `first` ≤ row < `behind`."""

    labels: tuple[Labels, ...]
    nameless: tuple[bool, ...]
    times: Times
    values: Values
    """Times × series."""
    first: Rows
    behind: Rows
    ends: Times
    """Where each window ends; it begins, that time itself left out, `length` ms before."""
    length: int
    falls: Callable[[], Falls | None] | None = None
    """As in Frame."""

    @property
    def counts(self) -> Rows:
        return self.behind - self.first

    def filled(self, least: int = 1) -> Mask:
        """The steps whose window holds at least so many samples."""
        return self.counts >= least

    def result(self, values: Values, steps: Mask, *, nameless: bool = True) -> Vector:
        """A vector of the same series, with a sample at the given steps."""
        flags = (True,) * len(self.labels) if nameless else self.nameless
        return Vector(self.labels, flags, values, repeated(steps, len(self.labels)))

    def fold(
        self, query: Query, function: Callable[[Times, Values], Values], least: int = 1
    ) -> Values:
        """`function` of the samples of each window: what it leaves of (rows × series)."""
        results: Values = self.fold_many(query, function, 1, least)[0]
        return results

    def fold_many(
        self, query: Query, function: Callable[[Times, Values], Values], count: int, least: int
    ) -> Values:
        """The same where `function` leaves so many rows; (rows × steps × series)."""
        results = np.zeros((count, len(self.first), len(self.labels)))
        before = -1
        for step in np.flatnonzero(self.filled(least)):
            first, behind = self.first[step], self.behind[step]
            if before >= 0 and (self.first[before], self.behind[before]) == (first, behind):
                results[:, step] = results[:, before]
                continue
            if step % 64 == 0:
                query.check()
            results[:, step] = function(self.times[first:behind], self.values[first:behind])
            before = int(step)
        return results


@dataclass(frozen=True, slots=True)
class Pending:
    """Windows whose samples have not been read yet."""

    samples: int
    """About how many."""
    read: Callable[[], list[Windows]]
    """May be called in any thread."""


def select(query: Query, node: RangeSelector, grid: Grid) -> list[Pending]:
    ends = query.looks_at(node.selector.when, grid)
    length = query.milliseconds(node.range)
    matchers = node.selector.matchers
    shares = query.shares(matchers, int(ends.min()) - length + 1, int(ends.max()))
    return [Pending(share.samples, partial(_read, query, share, ends, length)) for share in shares]


def _read(query: Query, share: Share, ends: Times, length: int) -> list[Windows]:
    query.check()
    frame = share.read()
    parts = [] if frame is None else _whole_parts(frame)
    return [_windows(query, part, ends, length) for part in parts]


def known(windows: list[Windows]) -> list[Pending]:
    """Windows that are there already."""
    return [Pending(part.values.size, partial(list, [part])) for part in windows]


def of_vector(query: Query, vector: Vector, grid: Grid, ends: Times, length: int) -> list[Windows]:
    """The values of an inner expression as the samples of a subquery."""
    found = []
    for rows, columns in _alike(vector.present):
        labels = tuple(vector.labels[column] for column in columns)
        values = vector.values[np.ix_(rows, columns)]
        part = _windows(query, Frame(labels, grid.times[rows], values, True), ends, length)
        flags = tuple(vector.nameless[column] for column in columns)
        found.append(replace(part, nameless=flags))
    return found


def _windows(query: Query, part: Frame, ends: Times, length: int) -> Windows:
    first = part.times.searchsorted(ends - length, side="right")
    behind = part.times.searchsorted(ends, side="right")
    query.touch(part.values.size + len(ends) * len(part.labels))
    flags = (False,) * len(part.labels)
    return Windows(
        part.labels, flags, part.times, part.values, first, behind, ends, length, part.falls
    )


def _whole_parts(frame: Frame) -> list[Frame]:
    """The frame cut up so that every value is a sample."""
    if frame.whole:
        return [frame] if len(frame.times) else []
    sampled = ~(is_absent(frame.values) | is_stale(frame.values))
    if sampled.all():
        return [frame]
    parts = []
    for rows, columns in _alike(sampled):
        labels = tuple(frame.labels[column] for column in columns)
        values = frame.values[np.ix_(rows, columns)]
        parts.append(Frame(labels, frame.times[rows], values, whole=True))
    return parts


def _alike(present: Mask) -> list[tuple[Rows, Rows]]:
    """Columns with the same gaps together, and the rows that are there."""
    patterns: dict[bytes, list[int]] = {}
    for column, pattern in enumerate(np.packbits(present, axis=0).T):
        patterns.setdefault(pattern.tobytes(), []).append(column)
    found = [
        (np.flatnonzero(present[:, columns[0]]), np.array(columns)) for columns in patterns.values()
    ]
    return [(rows, columns) for rows, columns in found if len(rows)]
