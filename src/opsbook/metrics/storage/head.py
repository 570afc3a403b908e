"""The newest samples of a group, in memory: rows that come one after the other.

They stand in tiles of some rows. One matrix that doubles would be simpler; to copy it took up to
140 ms for 2,000 series, in which nobody could append anything, and all groups that began together
doubled together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import ABSENT, Times, Values, is_absent

Columns = NDArray[np.int64]

_CELLS = 65_536
"""Of a tile: half a megabyte is there in less than a millisecond."""
_ROWS = (8, 512)
"""The fewest and the most of a tile."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows of a head that do not move any more, though an empty cell of them may be filled."""

    times: Times
    ids: Columns
    tiles: tuple[Values, ...]
    """Rows one after the other; older ones may have fewer columns, younger ones more."""

    def read(self, low: int, high: int, columns: Columns | None = None) -> Values:
        """A copy of some rows, and of all columns or those that are given."""
        chosen = np.arange(len(self.ids)) if columns is None else columns
        values = np.full((high - low, len(chosen)), ABSENT)
        begin = 0
        for tile in self.tiles:
            first, behind = max(low, begin), min(high, begin + len(tile))
            if first < behind:
                rows = tile[first - begin : behind - begin]
                _pick(rows, chosen, values[first - low : behind - low], every=columns is None)
            begin += len(tile)
        return values


class _Tile:
    """Rows with room for more below and to the right."""

    def __init__(self, rows: int, width: int) -> None:
        self.values = np.full((rows, width), ABSENT)
        self.count = 0

    @property
    def used(self) -> Values:
        return self.values[: self.count]

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    @property
    def full(self) -> bool:
        return self.count == len(self.values)

    def after(self, rows: int) -> "_Tile":
        """The same without its first rows; nothing is copied."""
        tile = _Tile(0, 0)
        tile.values, tile.count = self.values[rows:], self.count - rows
        return tile

    @classmethod
    def holding(cls, values: Values, width: int) -> "_Tile":
        tile = cls(len(values), width)
        tile.count = len(values)
        tile.values[:, : values.shape[1]] = values
        return tile


class Head:
    """Rows in the order of time; a cell without a sample is ABSENT.

    Rows once read stay where they are: what would move them builds a new tile.
    """

    def __init__(self) -> None:
        self.count = 0
        self._ids: list[int] = []
        self._column: dict[int, int] = {}
        self._known: Columns | None = None
        self._times: Times = np.empty(16, np.int64)
        self._tiles: list[_Tile] = []

    @property
    def width(self) -> int:
        return len(self._ids)

    @property
    def nbytes(self) -> int:
        return sum(tile.values.nbytes for tile in self._tiles)

    def snapshot(self) -> Snapshot:
        if self._known is None:
            self._known = np.array(self._ids, np.int64)
        tiles = tuple(tile.used for tile in self._tiles)
        return Snapshot(self._times[: self.count], self._known, tiles)

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
        return np.fromiter((self._column[number] for number in ids), np.int64, len(ids))

    def append(self, at: int, columns: Columns, values: Values) -> None:
        """A row later than all others."""
        if self.count == len(self._times):
            self._times = np.concatenate([self._times, np.empty_like(self._times)])
        if not self._tiles or self._tiles[-1].full or self._tiles[-1].width < self.width:
            self._tiles.append(self._new_tile())
        tile = self._tiles[-1]
        tile.values[tile.count, columns] = values
        tile.count += 1
        self._times[self.count] = at
        self.count += 1

    def merge(self, at: int, columns: Columns, values: Values) -> tuple[int, int, int]:
        """Samples among older rows: how many were taken, repeated, and contradict one there."""
        row = int(self._times[: self.count].searchsorted(at))
        if row == self.count:
            self.append(at, columns[:0], values[:0])
        elif self._times[row] != at:
            self._insert(row, at)
        cells = self._row(row)
        present = ~is_absent(values)
        columns, values = columns[present], values[present]
        old = cells[columns]
        free = is_absent(old)
        cells[columns[free]] = values[free]
        repeated = int((old.view(np.uint64) == values.view(np.uint64)).sum())
        taken = int(free.sum())
        return taken, repeated, len(values) - taken - repeated

    def erase(self, start: int, end: int, ids: Columns) -> None:
        """Forget samples in start ≤ time ≤ end."""
        low, high = self._times[: self.count].searchsorted((start, end + 1))
        columns = [self._column[number] for number in ids.tolist() if number in self._column]
        for place, begin in list(self._begins()) if columns else ():
            tile = self._tiles[place]
            first, behind = max(low - begin, 0), min(high - begin, tile.count)
            if first < behind:
                tile = self._tiles[place] = _Tile.holding(tile.used, max(tile.width, self.width))
                tile.values[first:behind, columns] = ABSENT

    def drop(self, rows: int) -> None:
        """Forget the oldest rows, and the series that have no sample in what is left."""
        self._times = np.concatenate([self._times[rows : self.count], np.empty(16, np.int64)])
        self.count -= rows
        kept = []
        for tile in self._tiles:
            gone = min(rows, tile.count)
            rows -= gone
            if gone < tile.count:
                kept.append(tile.after(gone))
        self._tiles = kept
        alive = self._alive()
        if len(alive) < self.width:
            self._forget_others(alive)

    def _alive(self) -> Columns:
        """Columns with a sample."""
        alive = np.zeros(self.width, np.bool_)
        for tile in self._tiles:
            width = min(tile.width, self.width)
            ended = np.asarray(is_absent(tile.used).all(axis=0))
            alive[:width] |= ~ended[:width]
        return np.flatnonzero(alive)

    def _forget_others(self, alive: Columns) -> None:
        self._tiles = [
            _Tile.holding(tile.used[:, alive[alive < tile.width]], len(alive))
            for tile in self._tiles
        ]
        self._ids = [self._ids[column] for column in alive.tolist()]
        self._column = {number: column for column, number in enumerate(self._ids)}
        self._known = None

    def _new_tile(self) -> _Tile:
        """With some room for series that come later."""
        width = self.width + (self.width // 4 if self._tiles else 0)
        fewest, most = _ROWS
        return _Tile(min(max(_CELLS // max(width, 1), fewest), most), width)

    def _begins(self) -> Iterator[tuple[int, int]]:
        """For each tile its place and its first row; from the newest, where most happens."""
        begin = self.count
        for place in range(len(self._tiles) - 1, -1, -1):
            begin -= self._tiles[place].count
            yield place, begin

    def _row(self, row: int) -> Values:
        """The cells of a row, as many as there are series."""
        place, begin = next((place, begin) for place, begin in self._begins() if begin <= row)
        tile = self._tiles[place]
        if tile.width < self.width:
            tile = self._tiles[place] = _Tile.holding(tile.used, self._new_tile().width)
        cells: Values = tile.values[row - begin]
        return cells

    def _insert(self, row: int, at: int) -> None:
        """In new arrays; a tile that has become long is cut."""
        times = np.empty(self.count + 16, np.int64)
        times[:row], times[row] = self._times[:row], at
        times[row + 1 : self.count + 1] = self._times[row : self.count]
        place, begin = next((place, begin) for place, begin in self._begins() if begin <= row)
        tile = self._tiles[place]
        old, width, above = tile.used, max(tile.width, self.width), row - begin
        fresh = _Tile(len(old) + 1 if tile.full else len(tile.values), width)
        fresh.count = len(old) + 1
        fresh.values[:above, : tile.width] = old[:above]
        fresh.values[above + 1 : fresh.count, : tile.width] = old[above:]
        half = len(old) // 2
        if half >= _ROWS[1]:
            halves = fresh.used[:half], fresh.used[half:]
            self._tiles[place : place + 1] = [_Tile.holding(each, width) for each in halves]
        else:
            self._tiles[place] = fresh
        self._times = times
        self.count += 1


def _pick(rows: Values, columns: Columns, out: Values, *, every: bool) -> None:
    width = min(rows.shape[1], len(columns)) if every else rows.shape[1]
    if every:
        out[:, :width] = rows[:, :width]
    elif len(columns) and columns.max() < width:
        np.take(rows, columns, axis=1, out=out, mode="clip")
    else:
        there = columns < width
        out[:, there] = rows[:, columns[there]]
