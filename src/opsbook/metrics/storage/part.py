"""The samples of one group in one block, decoded column by column into a matrix."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import ABSENT, Times, Values, is_absent, is_stale
from opsbook.metrics.storage.block import Block, Chunk, Section
from opsbook.metrics.storage.chunk import ChunkReader, Columns, DamagedError
from opsbook.metrics.storage.patch import Runs, clipped, put_back

Ids = NDArray[np.int64]

_TILE = 32
"""Columns turned into rows at once: so much stays in the processor's cache, and makes whole
cache lines. Measured: 24 or 32 take half of the time that 100 take."""


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

    def spans(self, start: int, end: int) -> range:
        """Which spans of rows hold the samples of start ≤ time ≤ end. Raises BrokenBlockError."""
        times, edges = self.times(), self._edges()
        first, behind = np.searchsorted(times, (start, end + 1))
        if first >= behind:
            return range(0)
        low = np.searchsorted(edges, first, side="right") - 1
        return range(int(low), int(np.searchsorted(edges, behind)))

    def rows(self, spans: range) -> slice:
        edges = self._edges()
        return slice(edges[spans.start], edges[spans.stop])

    def read(self, ids: Ids, out: Values, spans: range | None = None) -> NDArray[np.bool_]:
        """Values of series, in this order, into the columns of `out`; ABSENT for unknown ones.

        All rows or those of some spans. Returns which rows may hold a marker. Raises
        BrokenBlockError.
        """
        spans = range(len(self.section.spans)) if spans is None else spans
        marked = np.zeros(len(out), np.bool_)
        found = 0
        for chunk, wanted, targets in self._wanted(ids):
            with self._blaming():
                self._read_chunk(chunk, _Columns(wanted, targets), spans, out, marked)
            found += len(wanted)
        if found < len(ids):
            out[:, ~np.isin(ids, self.ids)] = ABSENT
            marked[:] = True
        self._erase(ids, self.rows(spans), out, marked)
        return marked

    def _edges(self) -> list[int]:
        return [0, *accumulate(self.section.spans)]

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
        self,
        chunk: Chunk,
        columns: "_Columns",
        spans: range,
        out: Values,
        marked: NDArray[np.bool_],
    ) -> None:
        runs = self.block.runs(chunk)
        begin = self._edges()[spans.start]
        for span in spans:
            rows = self.rows(range(span, span + 1))
            reader = self._reader(chunk, span, rows.stop - rows.start)
            here = slice(rows.start - begin, rows.stop - begin)
            values = reader.room(len(columns.wanted))
            reader.decode(columns.wanted, values)
            if len(runs):
                values = _patched(values, columns.wanted, clipped(runs, rows), marked[here])
            _turn(values, out[here], columns.targets)

    def _reader(self, chunk: Chunk, span: int, rows: int) -> ChunkReader:
        at, info = chunk.spans[span]
        return ChunkReader(
            info, chunk.order, rows, lambda offset, length: self.block.read(at + offset, length)
        )

    def _erase(self, ids: Ids, rows: slice, out: Values, marked: NDArray[np.bool_]) -> None:
        """Leave out what was deleted."""
        for hole in self.holes:
            low, high = np.searchsorted(self.times()[rows], (hole.start, hole.end + 1))
            columns = np.flatnonzero(np.isin(ids, hole.ids))
            if low < high and len(columns):
                out[low:high, columns] = ABSENT
                marked[low:high] = True


class _Columns(NamedTuple):
    """Columns of a chunk that are wanted, and where they go."""

    wanted: list[int]
    targets: Ids


def _patched(tile: Columns, wanted: list[int], runs: Runs, marked: NDArray[np.bool_]) -> Values:
    """The values with their markers; the rows that have one are told in `marked`."""
    values: Values = tile.astype(np.float64, copy=False)
    for row, column in enumerate(wanted if len(runs) else ()):
        mine = runs[runs["column"] == column]
        put_back(values, mine, row)
        for _, first, length, _ in mine.tolist():
            marked[first : first + length] = True
    return values


def _turn(values: Columns, out: Values, targets: Ids) -> None:
    """Rows of `values` into columns of `out`; integers become floats on the way."""
    first, count = int(targets[0]), len(targets)
    together = int(targets[-1]) - first == count - 1 and bool((np.diff(targets) == 1).all())
    for start in range(0, count, _TILE):
        stop = min(start + _TILE, count)
        places = slice(first + start, first + stop) if together else targets[start:stop]
        out[:, places] = values[start:stop].T


def marked_rows(values: Values) -> NDArray[np.bool_]:
    """Rows in which a value is no number of a sample: absent, or a staleness marker."""
    return np.asarray((is_absent(values) | is_stale(values)).any(axis=1))
