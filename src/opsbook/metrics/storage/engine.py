"""The embedded store as a whole: takes rows, gives frames, keeps house in the background."""

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from opsbook.core.clock import Clock
from opsbook.core.labels import Labels
from opsbook.metrics.model import Frame, Matcher, Share, Unchanged, Values, given, is_absent
from opsbook.metrics.storage.block import Block
from opsbook.metrics.storage.chunk import DamagedError
from opsbook.metrics.storage.compaction import Compaction, Hook
from opsbook.metrics.storage.deletions import Deletion, Deletions, punch
from opsbook.metrics.storage.group import Group
from opsbook.metrics.storage.head import Columns, Snapshot
from opsbook.metrics.storage.holdings import Holdings, rename_damaged
from opsbook.metrics.storage.journal import Journal
from opsbook.metrics.storage.limits import Limits
from opsbook.metrics.storage.part import BrokenBlockError
from opsbook.metrics.storage.reading import Pending, Reading, untwinned
from opsbook.metrics.store import Layout, Receipt, Stats, StoreError, TooManySeriesError

_LAYOUTS = 4_096
"""Layouts that are remembered; others are looked up again when they come."""
_EVERY = 5.0
"""Seconds between two looks at what is due."""


@dataclass(slots=True)
class _Bound:
    """Where the series of a layout stand in the head of their group."""

    group: Group
    generation: int
    ids: list[int]
    columns: Columns


class Engine:
    """Opened when it is made. Raises StoreError."""

    def __init__(
        self, home: Path, limits: Limits, clock: Clock, hook: Hook = lambda step: None
    ) -> None:
        self._home, self._limits, self._clock = home, limits, clock
        self._holdings = Holdings()
        self._bounds: OrderedDict[int, _Bound] = OrderedDict()
        self._layouts: OrderedDict[tuple[str, tuple[Labels, ...]], Layout] = OrderedDict()
        self._last_layout = 0
        self._compaction_trouble: str | None = None
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        blocks = home / "blocks"
        try:
            for directory in (home, blocks):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                directory.chmod(0o700)
            self._journal = Journal(home / "wal")
            self._open_blocks(blocks)
            problems = self._holdings.problems
            self._deletions = Deletions(home / "deletions.json", problems)
            self._deletions.keep_only(self._holdings.blocks)
            self._deletions.apply(self._holdings)
            self._journal.replay(_Replay(self), problems)
        except OSError as error:
            raise StoreError(
                f"{error.filename or home}: {error.strerror}; nothing was lost"
            ) from None
        self._reading = Reading(self._holdings, limits)
        self.compaction = Compaction(
            self._holdings, self._journal, blocks, self._deletions, limits, hook
        )

    @property
    def trouble(self) -> str | None:
        return self._journal.wal.trouble or self._compaction_trouble

    def start(self) -> None:
        """Begin to keep house, in threads that `close` ends."""
        for target in (self._keep_synced, self._keep_house):
            thread = threading.Thread(target=target, name=f"metrics {target.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        with self._holdings.lock:
            self._journal.wal.close()

    def layout(self, group: str, labels: Sequence[Labels]) -> Layout:
        key = (group, tuple(labels))
        with self._holdings.lock:
            known = self._layouts.get(key)
            if known is None:
                self._admit(group, key[1])
                self._last_layout += 1
                known = self._layouts[key] = Layout(group, key[1], self._last_layout)
                if len(self._layouts) > _LAYOUTS:
                    self._layouts.popitem(last=False)
            self._layouts.move_to_end(key)
        return known

    def append_row(self, layout: Layout, at: int, values: Values) -> Receipt:
        values = np.ascontiguousarray(values, np.float64)
        if values.shape != (len(layout.labels),):
            raise ValueError(f"{len(layout.labels)} values are needed, not {values.shape}")
        with self._holdings.lock:
            receipt = self._append(layout, at, values)
            for reason, count in receipt.refused.items():
                self._holdings.refused[reason] += count
        return receipt

    def _append(self, layout: Layout, at: int, values: Values) -> Receipt:
        group = self._holdings.group(layout.group)
        reason = self._refusal(group, at)
        if reason is not None:
            return Receipt(0, 0, {reason: int((~is_absent(values)).sum())})
        bound = self._bind(layout)
        self._journal.row(layout, bound.ids, at, values)
        group.touched = time.monotonic()
        return group.put(at, bound.columns, values)

    def _refusal(self, group: Group, at: int) -> str | None:
        if at <= group.floor or at < group.newest - self._limits.out_of_order:
            return "too old"
        if at > self._clock.now() * 1000 + self._limits.future:
            return "in the future"
        return "no room" if self._journal.wal.full else None

    def _bind(self, layout: Layout) -> _Bound:
        """The columns of a layout, looked up when the head has moved."""
        bound = self._bounds.get(layout.number)
        if bound is not None and bound.generation == bound.group.generation:
            return bound
        self._admit(layout.group, layout.labels)
        group = self._holdings.group(layout.group)
        ids = [self._holdings.index.add(layout.group, labels) for labels in layout.labels]
        bound = _Bound(group, group.generation, ids, group.head.columns(ids))
        self._bounds[layout.number] = bound
        self._bounds.move_to_end(layout.number)
        if len(self._bounds) > _LAYOUTS:
            forgotten, _ = self._bounds.popitem(last=False)
            self._journal.forget(forgotten)
        return bound

    def _admit(self, group: str, labels: tuple[Labels, ...]) -> None:
        """Raises TooManySeriesError if there is no room for these series."""
        limits, index = self._limits, self._holdings.index
        known = [index.find(group, one) for one in labels]
        fresh = [one for one, number in zip(labels, known, strict=True) if number is None]
        for one in fresh:
            _check_lengths(group, one, limits)
        held = self._holdings.groups.get(group)
        columns = len(labels) if held is None else held.head.width_with(known)
        if columns > limits.series_per_group:
            raise TooManySeriesError(
                f"group {group!r} would have {columns} series, more than "
                f"{limits.series_per_group}; nothing of it was taken: drop labels that change "
                "with each request, or raise series_per_group"
            )
        if len(index) + len(fresh) > limits.series:
            raise TooManySeriesError(
                f"group {group!r} brings {len(fresh)} new series, {len(index)} are held and "
                f"{limits.series} are allowed in all; nothing of it was taken: raise series"
            )

    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        return self._frames(self._reading.pending(matchers, start, end))

    def shares(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Share]:
        """What is not in one group alone is read at once: one series stands in one frame."""
        pending = self._reading.pending(matchers, start, end)
        if any(one.selection.twins for one in pending):
            return [given(frame) for frame in self._frames(pending)]
        return [Share(one.samples, partial(self._frame, one)) for one in pending]

    def watch(self, matchers: tuple[Matcher, ...], start: int, end: int) -> Unchanged | None:
        return self._reading.watch(matchers, start, end)

    def _frames(self, pending: list[Pending]) -> list[Frame]:
        found = [frame for one in pending if (frame := self._frame(one)) is not None]
        return untwinned(found) if any(one.selection.twins for one in pending) else found

    def _frame(self, pending: Pending) -> Frame | None:
        """Without the blocks that turn out to be broken."""
        while True:
            try:
                return self._reading.frame(pending)
            except BrokenBlockError as error:
                self._holdings.set_aside(error.block, str(error))
                pending = self._reading.again(pending)

    def series(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Labels]:
        return self._reading.series(matchers, start, end)

    def delete(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        with self.compaction.lock, self._holdings.lock:
            blocks = tuple(self._holdings.blocks)
            deletion = Deletion(matchers, start, end, blocks)
            try:
                if blocks:
                    self._deletions.add(deletion)
            except OSError as error:
                text = f"{self._home}: {error.strerror}; nothing was deleted"
                raise StoreError(text) from None
            self._journal.deletion(matchers, start, end)
            punch(self._holdings, deletion)
            self._erase(matchers, start, end)
        self._journal.wal.sync()

    def _erase(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        ids = self._holdings.index.match(matchers)
        for group in self._holdings.groups.values():
            group.head.erase(start, end, ids)
            group.changed(start)

    def stats(self) -> Stats:
        with self._holdings.lock:
            views = [group.view() for group in self._holdings.groups.values()]
            series, blocks = len(self._holdings.index), len(self._holdings.blocks)
            refused, problems = dict(self._holdings.refused), tuple(self._holdings.problems)
        sections = [part.section for view in views for part in view.parts]
        heads = [view.head for view in views if len(view.head.times)]
        firsts = [one.first for one in sections] + [int(head.times[0]) for head in heads]
        lasts = [one.last for one in sections] + [int(head.times[-1]) for head in heads]
        return Stats(
            series=series,
            samples=sum(one.samples for one in sections) + sum(map(_samples, heads)),
            blocks=blocks,
            disk_bytes=_size(self._home),
            log_bytes=self._journal.nbytes,
            oldest=min(firsts, default=None),
            newest=max(lasts, default=None),
            refused=refused,
            problems=problems,
        )

    def _open_blocks(self, directory: Path) -> None:
        for torso in directory.glob("*.new"):
            torso.unlink()
        blocks = []
        for path in sorted(directory.glob("*.block")):
            try:
                blocks.append(Block(path))
            except DamagedError as error:
                self._holdings.problems.append(rename_damaged(path, str(error)))
        replaced = {name for block in blocks for name in block.replaces}
        for block in blocks:
            if block.path.name in replaced:
                block.path.unlink()
            else:
                self._holdings.add_block(block)

    def _keep_synced(self) -> None:
        while not self._stop.wait(self._limits.sync_seconds):
            self._journal.wal.sync()

    def _keep_house(self) -> None:
        while not self._stop.wait(_EVERY):
            self.keep_house()

    def keep_house(self) -> None:
        """What is due now; trouble is told, and the work is tried again later."""
        idle_since = time.monotonic() - 2 * self._limits.block / 1000
        try:
            self.compaction.run(int(self._clock.now() * 1000), idle_since)
            self._compaction_trouble = None
        except BrokenBlockError as error:
            self._holdings.set_aside(error.block, str(error))
        except OSError as error:
            self._compaction_trouble = (
                f"{self._home}: {error.strerror}; samples stay in memory and in the log until "
                "a block can be written"
            )


class _Replay:
    """Puts what the log says into the heads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._layouts: dict[int, tuple[tuple[Labels, ...], Layout]] = {}

    def row(
        self, group: str, labels: tuple[Labels, ...], key: int, at: int, values: Values
    ) -> None:
        engine = self._engine
        held = engine._holdings.group(group)
        if at <= held.floor:
            return
        known = self._layouts.get(key)
        if known is None or known[0] is not labels:
            known = self._layouts[key] = labels, engine.layout(group, labels)
        held.put(at, engine._bind(known[1]).columns, values)
        held.touched = time.monotonic()

    def deletion(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        self._engine._erase(matchers, start, end)

    def segment_ends(self) -> None:
        self._layouts.clear()


def _check_lengths(group: str, labels: Labels, limits: Limits) -> None:
    if len(labels) > limits.labels:
        raise TooManySeriesError(
            f"group {group!r}: a series has {len(labels)} labels, {limits.labels} are allowed"
        )
    for name, value in labels:
        if len(name) > limits.label_name_bytes or len(value) > limits.label_value_bytes:
            raise TooManySeriesError(
                f"group {group!r}: label {name[:50]!r} is longer than allowed "
                f"(name {limits.label_name_bytes}, value {limits.label_value_bytes} characters)"
            )


def _samples(head: Snapshot) -> int:
    return sum(tile.size - int(is_absent(tile).sum()) for tile in head.tiles)


def _size(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total
