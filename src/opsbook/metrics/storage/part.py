"""The samples of one group in one block, decoded column by column into a matrix."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import ABSENT, Times, Values, is_absent, is_stale
from opsbook.metrics.storage.block import Block, Chunk, Section
from opsbook.metrics.storage.chunk import ChunkReader, Columns, DamagedError
from opsbook.metrics.storage.patch import put_back

Ids = NDArray[np.int64]

_TILE = 64
"""Columns decoded before they are turned into rows: they stay in the processor's cache."""


class BrokenBlockError(Exception):
    """A block cannot be read; `block` says which."""

    def __init__(self, block: Block, text: str) -> None:
        super().__init__(text)
        self.block = block


@dataclass(frozen=True, slots=True)
class Hole:
    """Samples that were deleted: of these series, in start ≤ time ≤ end."""

    ids: Ids
    start: int
    end: int


@dataclass(eq=False)
class Part:
    """`ids` gives the number of each column, in the order of the chunks."""

    block: Block
    section: Section
    ids: Ids
    holes: tuple[Hole, ...] = ()
    _times: Times | None = field(default=None, repr=False)

    @property
    def first(self) -> int:
        return self.section.first

    @property
    def last(self) -> int:
        return self.section.last

    def times(self) -> Times:
        """Raises BrokenBlockError."""
        if self._times is None:
            with self._blaming():
                self._times = self.block.times(self.section)
        return self._times

    def read(self, ids: Ids, out: Values) -> NDArray[np.bool_]:
        """Values of series, in this order, into the columns of `out`; ABSENT for unknown ones.

        Returns which rows may hold a marker. Raises BrokenBlockError.
        """
        marked = np.zeros(self.section.rows, np.bool_)
        found = 0
        for chunk, wanted, targets in self._wanted(ids):
            with self._blaming():
                self._read_chunk(chunk, wanted, targets, out, marked)
            found += len(wanted)
        if found < len(ids):
            out[:, ~np.isin(ids, self.ids)] = ABSENT
            marked[:] = True
        return self._erased(ids, out, marked)

    @contextlib.contextmanager
    def _blaming(self) -> Iterator[None]:
        try:
            yield
        except DamagedError as error:
            raise BrokenBlockError(self.block, str(error)) from None

    def _wanted(self, ids: Ids) -> Iterator[tuple[Chunk, list[int], Ids]]:
        """For each chunk: its columns that are wanted, and where they go."""
        order = np.argsort(ids)
        place = np.searchsorted(ids, self.ids, sorter=order)
        place = order[np.minimum(place, len(ids) - 1)]
        hit = ids[place] == self.ids
        start = 0
        for chunk in self.section.chunks:
            span = slice(start, start + len(chunk.labels))
            start = span.stop
            columns = np.flatnonzero(hit[span])
            if len(columns):
                yield chunk, columns.tolist(), place[span][columns]

    def _read_chunk(
        self, chunk: Chunk, wanted: list[int], targets: Ids, out: Values, marked: NDArray[np.bool_]
    ) -> None:
        rows = self.section.rows
        reader = ChunkReader(
            chunk.info, rows, lambda offset, length: self.block.read(chunk.at + offset, length)
        )
        runs = self.block.runs(chunk)
        shape = min(_TILE, len(wanted)), rows
        integral = chunk.info.dtype == "i64"
        buffer: Columns = np.empty(shape, np.int64) if integral else np.empty(shape, np.float64)
        for start in range(0, len(wanted), _TILE):
            columns = wanted[start : start + _TILE]
            tile = buffer[: len(columns)]
            reader.decode(columns, tile)
            values = tile.astype(np.float64, copy=False)
            for row, column in enumerate(columns if len(runs) else ()):
                mine = runs[runs["column"] == column]
                put_back(values, mine, row)
                for _, first, length, _ in mine.tolist():
                    marked[first : first + length] = True
            _turn(values, out, targets[start : start + _TILE])

    def _erased(self, ids: Ids, out: Values, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        for hole in self.holes:
            low, high = np.searchsorted(self.times(), (hole.start, hole.end + 1))
            columns = np.flatnonzero(np.isin(ids, hole.ids))
            if low < high and len(columns):
                out[low:high, columns] = ABSENT
                marked[low:high] = True
        return marked


def _turn(values: Values, out: Values, targets: Ids) -> None:
    """Rows of `values` into columns of `out`."""
    first, last = int(targets[0]), int(targets[-1])
    if last - first == len(targets) - 1 and (np.diff(targets) == 1).all():
        out[:, first : last + 1] = values.T
    else:
        out[:, targets] = values.T


def marked_rows(values: Values) -> NDArray[np.bool_]:
    """Rows in which a value is no number of a sample: absent, or a staleness marker."""
    return np.asarray((is_absent(values) | is_stale(values)).any(axis=1))
