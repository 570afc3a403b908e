"""Where values fall: the resets of counters, looked for once and remembered.

To compare every value with the one before it took a quarter of the time of a rate over a day;
counters fall when their process starts anew, so what there is to remember is little.
"""

import threading

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import Falls, Values

_BLOCK = 256
"""Rows compared at once: they and what comes out stay in the processor's cache."""
_ONE_IN = 64
"""More falls than one in so many cells are no resets: that is no counter."""

_Places = NDArray[np.intp]


class FallFinder:
    """Of a matrix whose rows, once asked for, never change."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._lock = threading.Lock()
        self._seen = 1
        """Rows that have been compared with the one before."""
        self._rows: list[_Places] = []
        self._columns: list[_Places] = []
        self._count = 0

    def between(self, low: int, high: int) -> Falls | None:
        """Rows counted from `low`, which has none before it; None if they are too many."""
        with self._lock:
            self._look(high)
            if self._too_many():
                return None
            rows, columns = self._found()
        first, behind = rows.searchsorted((low + 1, high))
        return Falls(rows[first:behind] - low, columns[first:behind])

    def _look(self, high: int) -> None:
        while self._seen < high and not self._too_many():
            behind = min(self._seen + _BLOCK, high)
            rows = slice(self._seen, behind)
            fell = self._values[rows] < self._values[self._seen - 1 : behind - 1]
            if fell.any():
                found, columns = np.nonzero(fell)
                self._rows.append(found + self._seen)
                self._columns.append(columns)
                self._count += len(found)
            self._seen = behind

    def _too_many(self) -> bool:
        width = int(self._values.shape[1])
        return self._count > width + self._seen * width // _ONE_IN

    def _found(self) -> tuple[_Places, _Places]:
        if len(self._rows) != 1:
            none = np.empty(0, np.intp)
            self._rows = [np.concatenate([none, *self._rows])]
            self._columns = [np.concatenate([none, *self._columns])]
        return self._rows[0], self._columns[0]
