"""The newest samples of a group, in memory: a matrix that grows in both directions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import ABSENT, Times, Values, is_absent

Columns = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows of a head that do not move any more, though an empty cell of them may be filled."""

    times: Times
    values: Values
    ids: Columns


class Head:
    """Rows in the order of time; a cell without a sample is ABSENT.

    Rows once read stay where they are: what would move them builds new arrays.
    """

    def __init__(self) -> None:
        self.count = 0
        self._ids: list[int] = []
        self._column: dict[int, int] = {}
        self._known: Columns | None = None
        self._times: Times = np.empty(16, np.int64)
        self._values: Values = np.full((16, 0), ABSENT)

    @property
    def width(self) -> int:
        return len(self._ids)

    @property
    def nbytes(self) -> int:
        return self._values.nbytes

    def snapshot(self) -> Snapshot:
        times, values = self._times[: self.count], self._values[: self.count, : self.width]
        if self._known is None:
            self._known = np.array(self._ids, np.int64)
        return Snapshot(times, values, self._known)

    def width_with(self, ids: Sequence[int | None]) -> int:
        """How many columns there would be with these series; None is one that has no number."""
        return self.width + sum(number not in self._column for number in ids)

    def columns(self, ids: Sequence[int]) -> Columns:
        """Where the series stand, new columns for new ones."""
        fresh = [number for number in ids if number not in self._column]
        for number in fresh:
            self._column[number] = len(self._ids)
            self._ids.append(number)
            self._known = None
        if self.width > self._values.shape[1]:
            self._resize(self._values.shape[0], max(self.width, 2 * self._values.shape[1]))
        return np.fromiter((self._column[number] for number in ids), np.int64, len(ids))

    def append(self, at: int, columns: Columns, values: Values) -> None:
        """A row later than all others."""
        if self.count == self._values.shape[0]:
            self._resize(2 * self.count, self._values.shape[1])
        self._values[self.count, columns] = values
        self._times[self.count] = at
        self.count += 1

    def merge(self, at: int, columns: Columns, values: Values) -> tuple[int, int, int]:
        """Samples among older rows: how many were taken, repeated, and contradict one there."""
        row = int(np.searchsorted(self._times[: self.count], at))
        if row == self.count or self._times[row] != at:
            self._insert(row, at)
        present = ~is_absent(values)
        columns, values = columns[present], values[present]
        old = self._values[row, columns]
        free = is_absent(old)
        self._values[row, columns[free]] = values[free]
        repeated = int((old.view(np.uint64) == values.view(np.uint64)).sum())
        taken = int(free.sum())
        return taken, repeated, len(values) - taken - repeated

    def erase(self, start: int, end: int, ids: Columns) -> None:
        """Forget samples in start ≤ time ≤ end."""
        low, high = self._range(start, end)
        columns = [self._column[number] for number in ids.tolist() if number in self._column]
        if columns and low < high:
            self._values = self._values.copy()
            self._values[low:high, columns] = ABSENT

    def drop(self, rows: int) -> None:
        """Forget the oldest rows, and the series that have no sample in what is left."""
        left = self._values[rows : self.count, : self.width]
        alive = np.flatnonzero(~is_absent(np.ascontiguousarray(left)).all(axis=0))
        self._ids = [self._ids[column] for column in alive.tolist()]
        self._column = {number: column for column, number in enumerate(self._ids)}
        self._known = None
        times = self._times[rows : self.count]
        self.count = len(times)
        self._times, self._values = _room(
            max(16, 2 * self.count), len(alive), times, left[:, alive]
        )

    def _range(self, start: int, end: int) -> tuple[int, int]:
        low, high = np.searchsorted(self._times[: self.count], (start, end + 1))
        return int(low), int(high)

    def _insert(self, row: int, at: int) -> None:
        rows, width = self._values.shape
        times, values = _room(
            rows if self.count < rows else 2 * rows, width, self._times[:row], self._values[:row]
        )
        times[row] = at
        times[row + 1 : self.count + 1] = self._times[row : self.count]
        values[row + 1 : self.count + 1] = self._values[row : self.count]
        self._times, self._values = times, values
        self.count += 1

    def _resize(self, rows: int, width: int) -> None:
        used = self._times[: self.count], self._values[: self.count]
        self._times, self._values = _room(rows, width, *used)


def _room(rows: int, width: int, times: Times, values: Values) -> tuple[Times, Values]:
    """Larger arrays that begin with what is given."""
    more = np.empty(rows, np.int64)
    more[: len(times)] = times
    matrix = np.full((rows, width), ABSENT)
    matrix[: values.shape[0], : values.shape[1]] = values
    return more, matrix
