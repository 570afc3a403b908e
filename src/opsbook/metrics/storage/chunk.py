"""Columns of one metric, compressed by pcodec: the smallest of a few ways that fit together."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
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


class DamagedError(Exception):
    """Bytes on disk are not those that were written."""


@dataclass(frozen=True, slots=True)
class ChunkInfo:
    """What must be known to read a chunk; it stands in the block's index."""

    dtype: str
    """`i64` or `f64`."""
    meta: int
    """Bytes of what all pages share; 0 where each column stands alone."""
    pages: tuple[int, ...]
    """Bytes of each column, in their order."""
    chains: tuple[int, ...]
    """Lengths of runs of columns of which each is kept as the difference to the one before.

    Buckets of a histogram are counted cumulatively, so the differences say the same in less.
    """


def encode_chunk(columns: Columns, chains: list[int]) -> tuple[ChunkInfo, bytes]:
    """Columns as rows of a matrix, all of one length."""
    plain = [_shared(columns), _single(columns)]
    if columns.dtype == np.int64 and len(chains) < len(columns):
        steps = _differences(columns, chains)
        linked = [_shared(steps), _single(steps)]
    else:
        linked = []
    ways = [(way, ()) for way in plain] + [(way, tuple(chains)) for way in linked]
    (meta, pages), used = min(ways, key=lambda way: len(way[0][0]) + sum(map(len, way[0][1])))
    dtype = "i64" if columns.dtype == np.int64 else "f64"
    info = ChunkInfo(dtype, len(meta), tuple(map(len, pages)), used)
    return info, b"".join(seal(part) for part in ([meta, *pages] if meta else pages))


class ChunkReader:
    """Decodes columns of a chunk one by one."""

    def __init__(self, info: ChunkInfo, rows: int, read: Read) -> None:
        self._info, self._rows, self._read = info, rows, read
        begin = info.meta + _CRC if info.meta else 0
        self._offsets = [0, *accumulate(length + _CRC for length in info.pages)]
        self._offsets = [begin + offset for offset in self._offsets]
        self._decompressor: wrapped.ChunkDecompressor | None = None
        self._starts = _chain_starts(info)

    def decode(self, wanted: list[int], out: Columns) -> None:
        """Columns in ascending order into the rows of `out`. Raises DamagedError."""
        if self._info.chains:
            self._decode_chained(wanted, out)
        else:
            self._pages(wanted, out)

    def _decode_chained(self, wanted: list[int], out: Columns) -> None:
        """Sum the differences up from where each chain begins."""
        needed = sorted({one for last in wanted for one in range(self._starts[last], last + 1)})
        steps = np.empty((len(needed), self._rows), np.int64)
        self._pages(needed, steps)
        for row in range(1, len(needed)):
            if self._starts[needed[row]] != needed[row]:
                steps[row] += steps[row - 1]
        places = {column: row for row, column in enumerate(needed)}
        out[:] = steps if len(needed) == len(wanted) else steps[[places[one] for one in wanted]]

    def _pages(self, columns: list[int], out: Columns) -> None:
        """Thousands of these are read for one query, so it is one plain loop."""
        begin, lengths, offsets = self._offsets[columns[0]], self._info.pages, self._offsets
        content = self._read(begin, offsets[columns[-1] + 1] - begin)
        shared = self._shared() if self._info.meta else None
        for row, column in enumerate(columns):
            start = offsets[column] - begin
            stop = start + lengths[column]
            page = content[start:stop]
            if crc32(page) != int.from_bytes(content[stop : stop + _CRC], "little"):
                raise DamagedError("a column does not fit its checksum")
            if shared is None:
                standalone.simple_decompress_into(page, out[row])
            else:
                shared.read_page_into(page, self._rows, out[row])

    def _shared(self) -> "wrapped.ChunkDecompressor":
        if self._decompressor is None:
            meta = unseal(self._read(0, self._info.meta + _CRC))
            file, used = wrapped.FileDecompressor.new(meta)
            self._decompressor, _ = file.chunk_decompressor(meta[used:], self._info.dtype)
        return self._decompressor


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


def _single(columns: Columns) -> tuple[bytes, list[bytes]]:
    config = ChunkConfig()
    return b"", [standalone.simple_compress(column, config) for column in columns]


def _shared(columns: Columns) -> tuple[bytes, list[bytes]]:
    """All columns with one model of their values: less to describe, if they are alike."""
    paging = PagingSpec.exact_page_sizes([columns.shape[1]] * len(columns))
    file = wrapped.FileCompressor()
    chunk = file.chunk_compressor(columns.reshape(-1), ChunkConfig(paging_spec=paging))
    meta = file.write_header() + chunk.write_meta()
    return meta, [chunk.write_page(number) for number in range(len(columns))]


def _differences(columns: Columns, chains: list[int]) -> Columns:
    steps = columns.copy()
    steps[1:] -= columns[:-1]
    starts = np.array([0, *accumulate(chains)][:-1])
    steps[starts] = columns[starts]
    return steps


def _chain_starts(info: ChunkInfo) -> list[int]:
    """For each column the first that is needed to read it."""
    if not info.chains:
        return list(range(len(info.pages)))
    starts = [0, *accumulate(info.chains)]
    return [
        start for start, length in zip(starts, info.chains, strict=False) for _ in range(length)
    ]
