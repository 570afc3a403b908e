"""Housekeeping: samples in memory become blocks, blocks become larger ones, old ones go."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import ABSENT, Times, Values, is_absent
from opsbook.metrics.storage.block import Block, Source, sync_directory, write_block
from opsbook.metrics.storage.deletions import Deletions
from opsbook.metrics.storage.family import families, family_key
from opsbook.metrics.storage.group import Group
from opsbook.metrics.storage.head import Snapshot
from opsbook.metrics.storage.holdings import Holdings
from opsbook.metrics.storage.journal import Journal
from opsbook.metrics.storage.limits import Limits
from opsbook.metrics.storage.part import Part

Hook = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Ripe:
    """Rows of a group that will not change any more."""

    group: Group
    head: Snapshot
    rows: int
    floor: int


class Compaction:
    """`lock` is held for as long as blocks are exchanged; nothing else waits for it but deletion.

    `hook` is told the name of each step that was done.
    """

    def __init__(
        self,
        holdings: Holdings,
        journal: Journal,
        directory: Path,
        deletions: Deletions,
        limits: Limits,
        hook: Hook,
    ) -> None:
        self.lock = threading.RLock()
        self._holdings, self._journal, self._directory = holdings, journal, directory
        self._deletions, self._limits, self._hook = deletions, limits, hook
        known = (int(path.name.split(".")[0]) for path in directory.glob("*.block*"))
        self._number = max(known, default=0)

    def run(self, now: int, idle_since: float) -> None:
        """All that is due. `now` in ms; groups untouched since `idle_since` are put away whole.

        Raises OSError; what was due stays due.
        """
        with self.lock:
            self.cut(idle_since)
            self.merge()
            self.retain(now)

    def cut(self, idle_since: float) -> None:
        """Put samples into blocks of about two hours once no more can come between them."""
        with self.lock:
            with self._holdings.lock:
                ripe = [one for one in map(self._ripe_with(idle_since), self._groups()) if one]
                if ripe or self._journal.due:
                    self._journal.rotate()
            if ripe:
                self._put_away(ripe)
            self._journal.drop_covered(self._covered)

    def _covered(self, name: str) -> int:
        """Up to which time a group needs no log; one that is gone needs none at all."""
        group = self._holdings.groups.get(name)
        return 2**62 if group is None else group.floor

    def _groups(self) -> list[Group]:
        return list(self._holdings.groups.values())

    def _ripe_with(self, idle_since: float) -> Callable[[Group], _Ripe | None]:
        crowded = sum(one.head.nbytes for one in self._groups()) > self._limits.head_bytes
        span = 1 if crowded else self._limits.block

        def ripe(group: Group) -> _Ripe | None:
            head = group.head.snapshot()
            if not len(head.times):
                return None
            floor = (group.newest - self._limits.out_of_order) // span * span - 1
            if group.touched < idle_since:
                floor = group.newest
            rows = int(head.times.searchsorted(floor, side="right"))
            if not rows:
                return None
            group.floor = max(group.floor, floor)
            return _Ripe(group, head, rows, floor)

        return ripe

    def _put_away(self, ripe: list[_Ripe]) -> None:
        windows: dict[int, list[tuple[_Ripe, int, int]]] = defaultdict(list)
        for one in ripe:
            for window, low, high in _windows(one.head.times[: one.rows], self._limits.block):
                windows[window].append((one, low, high))
        fresh = []
        for window in sorted(windows):
            fresh += self._written([self._source(*one) for one in windows[window]], [])
        self._holdings.exchange([], fresh, {one.group.name: one.rows for one in ripe})
        self._hook("cut")

    def _source(self, ripe: _Ripe, low: int, high: int) -> Source:
        known = self._holdings.index.labels
        labels = [known[number] for number in ripe.head.ids.tolist()]
        floor = ripe.floor if high == ripe.rows else int(ripe.head.times[high - 1])
        tiles = _tiles(labels, ripe.head.read(low, high))
        return Source(ripe.group.name, ripe.head.times[low:high], floor, tiles)

    def _written(self, sources: list[Source], replaces: list[str]) -> list[Block]:
        self._number += 1
        path = self._directory / f"{self._number:010d}.block"
        self._hook("writing")
        written = write_block(path, sources, replaces)
        self._hook("written")
        return [Block(path)] if written else []

    def merge(self) -> None:
        """Make one block of those of a day, and of a part of a day before it is over."""
        with self.lock:
            for span in sorted(self._limits.merged, reverse=True):
                for blocks in self._mergeable(span):
                    self._merge(blocks)

    def _mergeable(self, span: int) -> list[list[Block]]:
        with self._holdings.lock:
            blocks = list(self._holdings.blocks.values())
            sealed = max((group.floor for group in self._groups()), default=0)
        windows: dict[int, list[Block]] = defaultdict(list)
        for block in blocks:
            if block.first // span == block.last // span:
                windows[block.first // span].append(block)
        over = (sealed + 1) // span
        return [found for window, found in windows.items() if len(found) > 1 and window < over]

    def _merge(self, blocks: list[Block]) -> None:
        """One block in place of several, without what was deleted. Raises BrokenBlockError."""
        with self._holdings.lock:
            parts: dict[str, list[Part]] = defaultdict(list)
            for group in self._groups():
                for part in group.parts:
                    if part.block in blocks:
                        parts[group.name].append(part)
        sources = [self._merged(name, found) for name, found in parts.items()]
        fresh = self._written(sources, [block.path.name for block in blocks])
        self._holdings.exchange(blocks, fresh, {})
        self._hook("replaced")
        self._unlink(blocks)
        self._hook("merged")

    def _merged(self, name: str, parts: list[Part]) -> Source:
        times = np.concatenate([part.times() for part in parts])
        ids = np.unique(np.concatenate([part.ids for part in parts]))
        labels = [self._holdings.index.labels[number] for number in ids.tolist()]
        order = sorted(range(len(labels)), key=lambda place: family_key(labels[place]))
        floor = max(part.section.floor for part in parts)
        tiles = _merged_tiles(parts, ids[order], [labels[place] for place in order])
        return Source(name, times, floor, tiles)

    def retain(self, now: int) -> None:
        """Remove blocks that are too old, and the oldest while there is too much."""
        with self.lock:
            with self._holdings.lock:
                blocks = sorted(self._holdings.blocks.values(), key=lambda block: block.last)
            # A clock that jumped ahead must not cost the history.
            newest = min(now, blocks[-1].last) if blocks else now
            oldest = newest - self._limits.retention
            gone = [block for block in blocks if block.last < oldest]
            most = self._limits.retention_bytes
            total = sum(block.size for block in blocks) + self._journal.nbytes
            while most is not None and len(gone) < len(blocks):
                if total - sum(block.size for block in gone) <= most:
                    break
                gone = blocks[: len(gone) + 1]
            if gone:
                self._forget(gone)

    def _forget(self, blocks: list[Block]) -> None:
        for block in blocks:
            with self._holdings.lock:
                for part in self._holdings.parts_of(block):
                    self._holdings.groups[part.section.group].changed(part.first)
                self._holdings.remove_block(block)
        self._unlink(blocks)
        self._holdings.forget_dead()

    def _unlink(self, blocks: list[Block]) -> None:
        for block in blocks:
            block.path.unlink(missing_ok=True)
        sync_directory(self._directory)
        self._deletions.keep_only(self._holdings.blocks)


def _windows(times: Times, span: int) -> Iterator[tuple[int, int, int]]:
    """Spans of wall time: which, first row, row after the last."""
    windows = times // span
    edges = [0, *(np.flatnonzero(np.diff(windows)) + 1).tolist(), len(times)]
    for low, high in pairwise(edges):
        yield int(windows[low]), low, high


def _tiles(labels: list[Labels], values: Values) -> Iterator[tuple[Sequence[Labels], Values]]:
    alive = np.flatnonzero(~is_absent(values).all(axis=0)).tolist()
    order = sorted(alive, key=lambda column: family_key(labels[column]))
    ordered = [labels[column] for column in order]
    for span in families(ordered):
        yield ordered[span.start : span.stop], values[:, order[span.start : span.stop]]


def _merged_tiles(
    parts: list[Part], ids: np.ndarray[tuple[int], np.dtype[np.int64]], labels: list[Labels]
) -> Iterator[tuple[Sequence[Labels], Values]]:
    rows = sum(part.section.rows for part in parts)
    for span in families(labels):
        mine = ids[span.start : span.stop]
        values = np.full((rows, len(mine)), ABSENT)
        at = 0
        for part in parts:
            part.read(mine, values[at : at + part.section.rows])
            at += part.section.rows
        alive = np.flatnonzero(~is_absent(values).all(axis=0)).tolist()
        if alive:
            yield [labels[span.start + column] for column in alive], values[:, alive]
