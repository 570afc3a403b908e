"""What the log says: series, layouts, rows and deletions."""

import contextlib
import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Matcher, Values
from opsbook.metrics.storage.row import Integers, decode_row, encode_row
from opsbook.metrics.storage.wal import Wal, read_segment
from opsbook.metrics.store import Layout, Problem

_ROW = struct.Struct("<Bqq")
"""`R`, layout, time."""
_LAYOUT = struct.Struct("<Bq")
_SEGMENT_BYTES = 64 * 1024 * 1024
_SEGMENT_SPAN = 900_000
"""Milliseconds of samples in a segment: it can go when blocks hold the last of them."""


class Reader(Protocol):
    """Who listens while the log is read."""

    def row(
        self, group: str, labels: tuple[Labels, ...], key: int, at: int, values: Values
    ) -> None:
        """`key` stands for group and labels, within one segment."""
        ...

    def deletion(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None: ...

    def segment_ends(self) -> None: ...


@dataclass(slots=True)
class _Known:
    """What the segment that is written has said already."""

    series: set[int]
    bases: dict[int, Integers]
    """Layout -> the integers of its last row."""
    newest: dict[str, int]
    """Group -> time of its newest row."""
    oldest: int = 2**62


class Journal:
    """Writes what happens into the log, and says each name once in every segment."""

    def __init__(self, directory: Path) -> None:
        self.wal = Wal(directory)
        self._known = _Known(set(), {}, defaultdict(lambda: -(2**62)))
        self._sealed: dict[Path, dict[str, int]] = {}
        """Older segment -> group -> time of the newest row in it."""

    def row(self, layout: Layout, ids: Iterable[int], at: int, values: Values) -> None:
        payloads = []
        base = self._known.bases.get(layout.number)
        if base is None:
            payloads = self._introduced(layout, list(ids))
            base = self._known.bases[layout.number] = np.zeros(len(layout.labels), np.int64)
        payloads.append(_ROW.pack(ord("R"), layout.number, at) + encode_row(values, base))
        if at > self._known.newest[layout.group]:
            self._known.newest[layout.group] = at
        self._known.oldest = min(self._known.oldest, at)
        self.wal.append(payloads)

    def deletion(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        said = {"matchers": [[m.name, m.op, m.value] for m in matchers], "range": [start, end]}
        self.wal.append([b"D" + json.dumps(said).encode()])

    def forget(self, layout: int) -> None:
        self._known.bases.pop(layout, None)

    @property
    def due(self) -> bool:
        """Whether the segment is long enough for a new one."""
        span = max(self._known.newest.values(), default=0) - self._known.oldest
        return self.wal.size > _SEGMENT_BYTES or span > _SEGMENT_SPAN

    def rotate(self) -> None:
        path = self.wal.directory / f"{self.wal.current:08d}.wal"
        newest = dict(self._known.newest)
        if self.wal.rotate():
            self._sealed[path] = newest
            self._known = _Known(set(), {}, defaultdict(lambda: -(2**62)))

    def replay(self, reader: Reader, problems: list[Problem]) -> None:
        for path in self.wal.segments():
            self._sealed[path] = _replay_segment(path, reader, problems)
            reader.segment_ends()
        self.wal.rotate()

    def drop_covered(self, floor: Callable[[str], int]) -> None:
        """Remove the oldest segments as long as blocks hold everything in them."""
        for path, newest in sorted(self._sealed.items()):
            if any(at > floor(group) for group, at in newest.items()):
                return
            path.unlink(missing_ok=True)
            del self._sealed[path]

    @property
    def nbytes(self) -> int:
        """On disk now: a segment may go while they are counted."""
        total = 0
        for path in self.wal.segments():
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def _introduced(self, layout: Layout, ids: list[int]) -> list[bytes]:
        fresh = [place for place, one in enumerate(ids) if one not in self._known.series]
        self._known.series.update(ids)
        told = _LAYOUT.pack(ord("L"), layout.number) + np.array(ids, "<i8").tobytes()
        named = json.dumps([layout.group]).encode()
        payloads = [told + named + len(named).to_bytes(4, "little")]
        if fresh:
            series = [[ids[place], layout.labels[place]] for place in fresh]
            text = json.dumps(series, ensure_ascii=False, separators=(",", ":"))
            payloads.insert(0, b"S" + zlib.compress(text.encode("utf-8", "surrogatepass"), 1))
        return payloads


def _replay_segment(path: Path, reader: Reader, problems: list[Problem]) -> dict[str, int]:
    series: dict[int, Labels] = {}
    layouts: dict[int, tuple[str, tuple[Labels, ...], Integers]] = {}
    newest: dict[str, int] = {}
    for payload in read_segment(path, problems):
        kind = chr(payload[0])
        if kind == "R":
            _, number, at = _ROW.unpack_from(payload)
            group, labels, base = layouts[number]
            values = decode_row(payload[_ROW.size :], base)
            newest[group] = max(newest.get(group, at), at)
            reader.row(group, labels, number, at, values)
        elif kind == "S":
            text = zlib.decompress(payload[1:]).decode("utf-8", "surrogatepass")
            for number, pairs in json.loads(text):
                series[number] = tuple((name, value) for name, value in pairs)
        elif kind == "L":
            _, number = _LAYOUT.unpack_from(payload)
            named = int.from_bytes(payload[-4:], "little")
            (group,) = json.loads(bytes(payload[-4 - named : -4]))
            ids = np.frombuffer(payload[_LAYOUT.size : -4 - named], "<i8").tolist()
            labels = tuple(series[one] for one in ids)
            layouts[number] = group, labels, np.zeros(len(ids), np.int64)
        elif kind == "D":
            said = json.loads(bytes(payload[1:]))
            matchers = tuple(Matcher(*one) for one in said["matchers"])
            reader.deletion(matchers, said["range"][0], said["range"][1])
    return newest
