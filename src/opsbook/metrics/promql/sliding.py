"""Windows that overlap, folded without reading each sample once for each window that has it.

The rows between two edges of windows are a cell, and are folded once. Then come runs of 2, 4, 8, …
cells, each from two of half its length. A window's maximum is that of two runs, which may overlap;
its sum is that of some which do not: nothing is ever subtracted, so nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import Values
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.sums import two_sum
from opsbook.metrics.promql.windows import Windows

_COLUMNS = 32
"""Series at a time: their cells stay in the processor's cache."""
_TIMES_READ = 4
"""How often windows must have a sample, on average, before this is quicker than to fold each."""

_Places = NDArray[np.intp]


def overlapping(windows: Windows) -> bool:
    """Whether it is worth it."""
    return int(windows.counts.sum()) > _TIMES_READ * len(windows.times)


def extremes(query: Query, windows: Windows, plain: np.ufunc, without_nan: np.ufunc) -> Values:
    """Of each window; zero where it is empty. NaN only where nothing else is there."""
    cells = _cells(windows)
    results = np.zeros((len(windows.first), len(windows.labels)))
    for columns in _spans(len(windows.labels)):
        query.check()
        values = windows.values[cells.rows, columns]
        extreme = without_nan if np.isnan(values).any() else plain
        runs = cells.folded(extreme, values)
        level = np.frexp(cells.count)[1] - 1  # of the longest run in a window
        for power in range(int(level.max()) + 1):
            steps = np.flatnonzero(level == power)
            low, high = cells.first[steps], cells.behind[steps] - (1 << power)
            results[steps, columns] = extreme(runs[low], runs[high])
            runs = extreme(runs[: -1 << power], runs[1 << power :])
    return results


def sums(query: Query, windows: Windows, *, one_sign: bool) -> Values:
    """Of each window; zero where it is empty. Every value must be finite."""
    cells = _cells(windows)
    results = np.zeros((len(windows.first), len(windows.labels)))
    for columns in _spans(len(windows.labels)):
        query.check()
        values = windows.values[cells.rows, columns]
        runs = cells.folded(np.add, values)[None] if one_sign else cells.summed(values)
        total = np.zeros((len(runs), len(results), values.shape[1]))
        place = cells.first.copy()
        for power in range(int(cells.count.max()).bit_length()):
            steps = np.flatnonzero(cells.count >> power & 1)
            total[:, steps] = _added(total[:, steps], runs[:, place[steps]])
            place[steps] += 1 << power
            runs = _added(runs[:, : -1 << power], runs[:, 1 << power :])
        results[:, columns] = total.sum(axis=0)
    return results


def _added(left: Values, right: Values) -> Values:
    """Sums, or sums with what they have lost."""
    if len(left) == 1:
        return left + right
    added, lost = two_sum(left[0], right[0])
    return np.stack([added, lost + left[1] + right[1]])


@dataclass(frozen=True, slots=True)
class _Cells:
    """Rows between neighbouring edges of windows; a window is `first` ≤ cell < `behind`."""

    rows: slice
    starts: _Places
    lengths: _Places
    first: _Places
    behind: _Places

    @property
    def count(self) -> _Places:
        return self.behind - self.first

    def folded(self, fold: np.ufunc, values: Values) -> Values:
        length = int(self.lengths[0])
        if (self.lengths == length).all():
            cells: Values = fold.reduce(values.reshape(-1, length, values.shape[1]), axis=1)
        else:
            cells = fold.reduceat(values, self.starts, axis=0)
        return cells

    def summed(self, values: Values) -> Values:
        """The sums of cells, and what they have lost."""
        sums = np.stack([values[self.starts], np.zeros((len(self.starts), values.shape[1]))])
        for row in range(1, int(self.lengths.max())):
            longer = np.flatnonzero(self.lengths > row)
            added, lost = two_sum(sums[0, longer], values[self.starts[longer] + row])
            sums[0, longer] = added
            sums[1, longer] += lost
        return sums


def _cells(windows: Windows) -> _Cells:
    filled = windows.filled()
    edges = np.unique(np.concatenate([windows.first[filled], windows.behind[filled]]))
    first = np.where(filled, edges.searchsorted(windows.first), 0)
    behind = np.where(filled, edges.searchsorted(windows.behind), 0)
    rows = slice(int(edges[0]), int(edges[-1]))
    return _Cells(rows, edges[:-1] - edges[0], np.diff(edges), first, behind)


def _spans(columns: int) -> Iterator[slice]:
    for start in range(0, columns, _COLUMNS):
        yield slice(start, start + _COLUMNS)
