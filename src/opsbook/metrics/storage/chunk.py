"""Columns of one metric, compressed by pcodec: the smallest of a few ways that fit together.

Columns that move alike are written one after the other, as if they were one. That is smaller than
a model of its values for each, and decoded in half the time: to build a model takes as long as to
decode hundreds of values, and every call from Python as long as a hundred.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pcodec import (  # type: ignore[import-untyped]  # it ships no types
    ChunkConfig,
    PagingSpec,
    standalone,
    wrapped,
)

Columns = NDArray[np.int64] | NDArray[np.float64]
"""Values of one series after another: rows of the matrix are columns of the block."""
Read = Callable[[int, int], bytes]
"""Bytes from an offset in the chunk, this many; raises DamagedError."""

_CRC = 4
_TOGETHER = 16
"""Columns that are written as one: more of them are less alike, and to read one takes longer."""
_MAY_COST_MORE = 1.3
"""How much larger columns together may be than apart, because they are decoded sooner."""


class DamagedError(Exception):
    """Bytes on disk are not those that were written."""


@dataclass(frozen=True, slots=True)
class ChunkInfo:
    """What must be known to read a chunk; it stands in the block's index."""

    dtype: str
    """`i64` or `f64`."""
    batches: tuple[int, ...]
    """How many columns are written together."""
    parts: NDArray[np.uint32]
    """Bytes of what is written: for each batch the model of its values, then the values."""
    chains: tuple[int, ...]
    """Lengths of runs of columns of which each is kept as the difference to the one before.

    Buckets of a histogram are counted cumulatively, so the differences say the same in less.
    """


class _Batch(NamedTuple):
    """Columns that are written together."""

    columns: int
    meta: bytes
    page: bytes

    @property
    def size(self) -> int:
        return len(self.meta) + len(self.page) + _CRC


def order_of(columns: Columns, chains: Sequence[int]) -> list[int]:
    """The order in which columns are best written: by how much they move."""
    linked = len(chains) < len(columns) and columns.dtype == np.int64
    moving = _differences(columns, chains) if linked else columns
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.abs(np.diff(moving.astype(np.float64), axis=1)).sum(axis=1)
    return [int(place) for place in np.argsort(np.nan_to_num(steps), kind="stable")]


def encode_chunk(
    columns: Columns, chains: Sequence[int], order: Sequence[int]
) -> tuple[ChunkInfo, bytes]:
    """Columns as rows of a matrix, all of one length; written in this order."""
    ways: list[tuple[list[_Batch], tuple[int, ...]]] = [(_batches(columns[order]), ())]
    if columns.dtype == np.int64 and len(chains) < len(columns):
        ways.append((_batches(_differences(columns, chains)[order]), tuple(chains)))
    batches, used = min(ways, key=lambda way: sum(batch.size for batch in way[0]))
    info = ChunkInfo(
        dtype="i64" if columns.dtype == np.int64 else "f64",
        batches=tuple(batch.columns for batch in batches),
        parts=np.array([len(part) for batch in batches for part in batch[1:]], np.uint32),
        chains=used,
    )
    return info, b"".join(seal(batch.meta + batch.page) for batch in batches)


class ChunkReader:
    """Decodes columns of a chunk."""

    def __init__(self, info: ChunkInfo, order: Sequence[int], rows: int, read: Read) -> None:
        self._info, self._order, self._rows, self._read = info, order, rows, read
        self._starts = _chain_starts(info)

    def room(self, columns: int) -> Columns:
        """A matrix to decode so many columns into."""
        shape = columns, self._rows
        if self._info.dtype == "i64":
            return np.empty(shape, np.int64)
        return np.empty(shape, np.float64)

    def decode(self, wanted: list[int], out: Columns) -> None:
        """Columns in ascending order into the rows of `out`. Raises DamagedError."""
        if self._info.chains:
            self._decode_chained(wanted, out)
        else:
            self._read_columns(wanted, out)

    def _decode_chained(self, wanted: list[int], out: Columns) -> None:
        """Sum the differences up from where each chain begins."""
        needed = list(self._needed(wanted))
        steps = out if len(needed) == len(wanted) else self.room(len(needed))
        self._read_columns(needed, steps)
        _sum_up(steps, [sum(1 for _ in run) for _, run in groupby(needed, self._start)])
        if steps is not out:
            places = {column: row for row, column in enumerate(needed)}
            out[:] = steps[[places[one] for one in wanted]]

    def _start(self, column: int) -> int:
        return self._starts[column]

    def _needed(self, wanted: list[int]) -> Iterator[int]:
        """With each column those before it in its chain."""
        last = -1
        for column in wanted:
            yield from range(max(self._starts[column], last + 1), column + 1)
            last = column

    def _read_columns(self, columns: list[int], out: Columns) -> None:
        wanted = set(columns)
        batches = [one for one in self._batches() if not wanted.isdisjoint(one.columns)]
        read = self.room(sum(len(one.columns) for one in batches))
        begin, row = batches[0].begin, 0
        content = self._read(begin, batches[-1].end - begin)
        for batch in batches:
            rows = read[row : row + len(batch.columns)]
            row += len(batch.columns)
            sealed = content[batch.begin - begin : batch.end - begin]
            self._decode_batch(unseal(sealed), batch.meta, rows)
        places = {column: row for row, column in enumerate(_all_columns(batches))}
        chosen = [places[column] for column in columns]
        # `clip` only because numpy then writes without a copy; no place is beyond.
        np.take(read, chosen, axis=0, out=out, mode="clip")

    def _decode_batch(self, content: bytes, meta: int, out: Columns) -> None:
        file, used = wrapped.FileDecompressor.new(content[:meta])
        model, _ = file.chunk_decompressor(content[used:meta], self._info.dtype)
        model.read_page_into(content[meta:], out.size, out.reshape(-1))

    def _batches(self) -> "Iterator[_Stored]":
        begin = place = 0
        parts = self._info.parts.tolist()
        for count, meta, page in zip(self._info.batches, parts[::2], parts[1::2], strict=True):
            end = begin + meta + page + _CRC
            yield _Stored(begin, end, meta, self._order[place : place + count])
            begin, place = end, place + count


class _Stored(NamedTuple):
    """A batch as it stands in the chunk."""

    begin: int
    end: int
    meta: int
    columns: Sequence[int]


def _all_columns(batches: Iterable[_Stored]) -> Iterator[int]:
    return (column for batch in batches for column in batch.columns)


def pack(values: NDArray[np.int64]) -> bytes:
    return seal(standalone.simple_compress(values, ChunkConfig()))


def unpack(content: bytes) -> NDArray[np.int64]:
    """What `pack` was given. Raises DamagedError."""
    return np.asarray(standalone.simple_decompress(unseal(content)), np.int64)


def seal(content: bytes) -> bytes:
    """The bytes with their CRC-32 behind them."""
    return content + crc32(content).to_bytes(_CRC, "little")


def unseal(content: bytes) -> bytes:
    """What `seal` was given. Raises DamagedError."""
    sealed = len(content) > _CRC
    if not sealed or crc32(content[:-_CRC]) != int.from_bytes(content[-_CRC:], "little"):
        raise DamagedError("its checksum does not fit")
    return content[:-_CRC]


def _batches(columns: Columns) -> list[_Batch]:
    """Of so many columns each, or of one where they are too unlike."""
    found = []
    for start in range(0, len(columns), _TOGETHER):
        mine = columns[start : start + _TOGETHER]
        together, alone = _batch(mine), [_batch(mine[at : at + 1]) for at in range(len(mine))]
        fits = together.size <= sum(one.size for one in alone) * _MAY_COST_MORE
        found += [together] if fits else alone
    return found


def _batch(columns: Columns) -> _Batch:
    paging = PagingSpec.exact_page_sizes([columns.size])
    file = wrapped.FileCompressor()
    chunk = file.chunk_compressor(columns.reshape(-1), ChunkConfig(paging_spec=paging))
    meta = file.write_header() + chunk.write_meta()
    return _Batch(len(columns), meta, chunk.write_page(0))


def _differences(columns: Columns, chains: Sequence[int]) -> Columns:
    steps = columns.copy()
    steps[1:] -= columns[:-1]
    starts = np.array([0, *accumulate(chains)][:-1])
    steps[starts] = columns[starts]
    return steps


def _sum_up(steps: Columns, chains: Iterable[int]) -> None:
    """Rows become the sums of those before them in their chain; equal chains at once."""
    at = 0
    for length, alike in groupby(chains):
        count = sum(1 for _ in alike)
        block = steps[at : at + count * length].reshape(count, length, -1)
        for row in range(1, length):
            block[:, row] += block[:, row - 1]
        at += count * length


def _chain_starts(info: ChunkInfo) -> list[int]:
    """For each column the first that is needed to read it."""
    if not info.chains:
        return list(range(sum(info.batches)))
    starts = [0, *accumulate(info.chains)]
    return [
        start for start, length in zip(starts, info.chains, strict=False) for _ in range(length)
    ]
