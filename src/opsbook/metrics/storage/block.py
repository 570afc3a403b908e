"""A block: the samples of some hours in one file that never changes.

Layout: compressed times and chunks of columns, cut into spans of rows, in batches each with its
CRC-32; the index as JSON, deflated; at the end where the index stands, and its CRC-32.
"""

import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import Labels
from opsbook.metrics.model import Times, Values, is_absent
from opsbook.metrics.storage.chunk import (
    ChunkInfo,
    Columns,
    DamagedError,
    encode_chunk,
    order_of,
    pack,
    seal,
    unpack,
    unseal,
)
from opsbook.metrics.storage.family import chains
from opsbook.metrics.storage.patch import RUN, Runs, take_out
from opsbook.metrics.storage.row import as_integers

MAGIC = b"OPSBLK02"
TAIL = struct.Struct("<QII8s")
"""Where the index begins, its length, its CRC-32."""
_SPAN_ROWS = 1_500
"""A day at 15 s is kept in four spans: a question about minutes of it decodes one of them. Shorter
ones cost more to decode than they save: each begins with a model of its values."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is written of one group."""

    group: str
    times: Times
    floor: int
    """Up to this time the log need not be read for this group any more."""
    tiles: Iterable[tuple[Sequence[Labels], Values]]
    """Columns of one metric each: their labels, and (times × columns)."""


def write_block(path: Path, sources: Iterable[Source], replaces: Sequence[str] = ()) -> bool:
    """Write and rename; whether there was a sample to write. Raises OSError, leaves no torso."""
    fresh = path.with_suffix(".new")
    try:
        fresh.touch(mode=0o600)
        with fresh.open("wb") as file:
            groups = [_write_group(file, source) for source in sources]
            _write_index(file, {"groups": groups, "replaces": list(replaces)})
            file.flush()
            os.fsync(file.fileno())
        if any(group["chunks"] for group in groups) or replaces:
            fresh.replace(path)
            sync_directory(path.parent)
            return True
        return False
    finally:
        fresh.unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_group(file: BinaryIO, source: Source) -> dict[str, Any]:
    times = _put(file, pack(source.times))
    chunks: list[dict[str, Any]] = []
    for labels, values in source.tiles:
        chunks.extend(_write_tile(file, labels, values))
    return {
        "name": source.group,
        "floor": source.floor,
        "rows": len(source.times),
        "spans": spans_of(len(source.times)),
        "first": int(source.times[0]),
        "last": int(source.times[-1]),
        "times": times,
        "samples": sum(chunk.pop("samples") for chunk in chunks),
        "chunks": chunks,
    }


def spans_of(rows: int) -> list[int]:
    """So many rows as equal spans, the last perhaps shorter."""
    count = -(-rows // _SPAN_ROWS)
    each = -(-rows // count)
    return [each] * (count - 1) + [rows - each * (count - 1)]


def _write_tile(
    file: BinaryIO, labels: Sequence[Labels], values: Values
) -> Iterator[dict[str, Any]]:
    columns = np.ascontiguousarray(values.T)
    runs = take_out(columns)
    integers, integral = as_integers(columns)
    whole = np.asarray(integral.all(axis=1))
    sides: tuple[tuple[NDArray[np.bool_], Columns], ...] = ((whole, integers), (~whole, columns))
    for kept, matrix in sides:
        places = np.flatnonzero(kept)
        if len(places):
            mine = [run for run in runs if kept[int(run["column"][0])]]
            joined = np.concatenate(mine) if mine else np.empty(0, RUN)
            joined["column"] = places.searchsorted(joined["column"])
            yield _write_chunk(file, [labels[at] for at in places.tolist()], matrix[kept], joined)


def _write_chunk(
    file: BinaryIO, labels: Sequence[Labels], columns: Columns, runs: Runs
) -> dict[str, Any]:
    linked, edges = chains(labels), [0, *accumulate(spans_of(columns.shape[1]))]
    order = order_of(columns, linked)
    spans = [
        _write_span(file, *encode_chunk(columns[:, low:high], linked, order))
        for low, high in pairwise(edges)
    ]
    return {
        "order": order,
        "spans": spans,
        "labels": [[text for pair in one for text in pair] for one in labels],
        "runs": _put(file, seal(zlib.compress(runs.tobytes()))) if len(runs) else None,
        "samples": columns.size - _absent_cells(runs),
    }


def _write_span(file: BinaryIO, info: ChunkInfo, content: bytes) -> dict[str, Any]:
    return {
        "at": _put(file, content)[0],
        "dtype": info.dtype,
        "batches": info.batches,
        "parts": info.parts.tolist(),
        "chains": info.chains,
    }


def _absent_cells(runs: Runs) -> int:
    return int(runs["length"][is_absent(runs["bits"].view(np.float64))].sum())


def _put(file: BinaryIO, content: bytes) -> tuple[int, int]:
    at = file.tell()
    file.write(content)
    return at, len(content)


def _write_index(file: BinaryIO, index: dict[str, Any]) -> None:
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(text.encode("utf-8", "surrogatepass"), 6)
    at, length = _put(file, packed)
    file.write(TAIL.pack(at, length, zlib.crc32(packed), MAGIC))


@dataclass(slots=True)
class Chunk:
    """Columns of one metric, one piece for each span of rows."""

    spans: list[tuple[int, ChunkInfo]]
    """Where each piece begins in the file."""
    order: list[int]
    """In which the columns are written."""
    labels: list[Labels]
    runs: tuple[int, int] | None


@dataclass(slots=True)
class Section:
    """What a block holds of one group."""

    group: str
    floor: int
    rows: int
    spans: list[int]
    """How many rows are read at once."""
    first: int
    last: int
    samples: int
    chunks: list[Chunk]
    times_at: tuple[int, int]


class Block:
    """An open block. Its file is closed when nobody reads it any more.

    Raises DamagedError while it is opened or read, if its bytes are not those written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self.size = os.fstat(self._file).st_size
        index = self._index()
        self.replaces: list[str] = index["replaces"]
        self.sections = [_section(group) for group in index["groups"]]

    @property
    def first(self) -> int:
        return min((section.first for section in self.sections), default=0)

    @property
    def last(self) -> int:
        return max((section.last for section in self.sections), default=0)

    def read(self, offset: int, length: int) -> bytes:
        content = os.pread(self._file, length, offset)
        if len(content) != length:
            raise DamagedError("it is shorter than it was")
        return content

    def times(self, section: Section) -> Times:
        return unpack(self.read(*section.times_at))

    def runs(self, chunk: Chunk) -> Runs:
        if chunk.runs is None:
            return np.empty(0, RUN)
        return np.frombuffer(zlib.decompress(unseal(self.read(*chunk.runs))), RUN)

    def _index(self) -> dict[str, Any]:
        if self.size < TAIL.size:
            raise DamagedError("it is too short to be a block")
        at, length, crc, magic = TAIL.unpack(self.read(self.size - TAIL.size, TAIL.size))
        if magic != MAGIC or at + length + TAIL.size != self.size:
            raise DamagedError("its end is not that of a block")
        packed = self.read(at, length)
        if zlib.crc32(packed) != crc:
            raise DamagedError("its index does not fit its checksum")
        index: dict[str, Any] = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
        return index


def _section(group: dict[str, Any]) -> Section:
    return Section(
        group=group["name"],
        floor=group["floor"],
        rows=group["rows"],
        spans=group["spans"],
        first=group["first"],
        last=group["last"],
        samples=group["samples"],
        chunks=[_chunk(chunk) for chunk in group["chunks"]],
        times_at=(group["times"][0], group["times"][1]),
    )


def _chunk(chunk: dict[str, Any]) -> Chunk:
    return Chunk(
        spans=[(span["at"], _info(span)) for span in chunk["spans"]],
        order=chunk["order"],
        labels=[tuple(zip(flat[::2], flat[1::2], strict=True)) for flat in chunk["labels"]],
        runs=(chunk["runs"][0], chunk["runs"][1]) if chunk["runs"] else None,
    )


def _info(span: dict[str, Any]) -> ChunkInfo:
    parts = np.array(span["parts"], np.uint32)
    return ChunkInfo(span["dtype"], tuple(span["batches"]), parts, tuple(span["chains"]))
