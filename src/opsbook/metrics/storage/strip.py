"""Decoded samples that were read lately, ready as one matrix for each selection of series."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import ABSENT, Times, Values
from opsbook.metrics.storage.group import EVER, Group, View
from opsbook.metrics.storage.head import Snapshot
from opsbook.metrics.storage.part import Ids, Part, marked_rows


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples of a selection in a range of time."""

    times: Times
    values: Values
    marked: NDArray[np.bool_]
    """Rows in which a value may be a marker."""


def head_rows(head: Snapshot, ids: Ids, start: int, end: int) -> Rows:
    """A copy: the head goes on changing."""
    low, high = np.searchsorted(head.times, (start, end + 1))
    values = _picked(head, ids, int(low), int(high))
    return Rows(head.times[low:high].copy(), values, marked_rows(values))


class Strip:
    """Rows of a selection that only grow at their end; rows given out are never written again."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._lock = threading.Lock()
        self._low, self._high = 0, -1
        self._epoch = self._changes = 0  # no group has this epoch
        self._count = 0
        self._allocate(0)

    @property
    def nbytes(self) -> int:
        return self._values.nbytes + self._times.nbytes + self._marked.nbytes

    def read(self, group: Group, view: View, start: int, end: int) -> Rows:
        """Samples in start ≤ time ≤ end as the view has them. Raises BrokenBlockError."""
        with self._lock:
            self._forget(group, view)
            if not self._low <= start <= self._high + 1:
                self._restart(view, start)
            self._extend(view, start, end)
            low, high = np.searchsorted(self._times[: self._count], (start, end + 1))
            return Rows(self._times[low:high], self._values[low:high], self._marked[low:high])

    def _forget(self, group: Group, view: View) -> None:
        """Leave out what changed since: in a new matrix, others may still read the old one."""
        if view.epoch != self._epoch:
            self._low, self._high = 0, -1
        elif view.changes > self._changes:
            since = min(group.changes[self._changes : view.changes], default=EVER)
            kept = int(np.searchsorted(self._times[: self._count], since))
            if kept < self._count:
                self._keep(0, kept, self._count)
            self._high = min(self._high, since - 1)
        self._epoch, self._changes = view.epoch, view.changes

    def _restart(self, view: View, start: int) -> None:
        before = [part.last for part in view.parts if part.last < start]
        self._low = max(before, default=EVER) + 1
        self._high = self._low - 1
        self._count = 0
        self._allocate(0)

    def _extend(self, view: View, start: int, end: int) -> None:
        parts = [part for part in view.parts if part.last > self._high and part.first <= end]
        sealed = view.parts[-1].last if view.parts else EVER
        low = len(view.head.times)
        if end > sealed:
            low = int(np.searchsorted(view.head.times, self._high, side="right"))
        high = len(view.head.times)
        more = sum(part.section.rows for part in parts) + high - low
        if self._count + more > len(self._times):
            self._make_room(start, more, growing=end > sealed)
        for part in parts:
            self._take_part(part)
        if high > low:
            values = _picked(view.head, self._ids, low, high)
            self._take(view.head.times[low:high], values, marked_rows(values))

    def _take_part(self, part: Part) -> None:
        rows = part.section.rows
        if part.first > self._high:
            span = slice(self._count, self._count + rows)
            self._marked[span] = part.read(self._ids, self._values[span])
            self._times[span] = part.times()
            self._count += rows
            self._high = part.last
            return
        values = np.empty((rows, len(self._ids)))
        marked = part.read(self._ids, values)
        fresh = part.times() > self._high
        self._take(part.times()[fresh], values[fresh], marked[fresh])

    def _take(self, times: Times, values: Values, marked: NDArray[np.bool_]) -> None:
        span = slice(self._count, self._count + len(times))
        self._times[span], self._values[span], self._marked[span] = times, values, marked
        self._count = span.stop
        self._high = int(times[-1])

    def _make_room(self, start: int, more: int, *, growing: bool) -> None:
        """Leave behind what lies before the range that is read now."""
        low = int(np.searchsorted(self._times[: self._count], start))
        if low:
            self._low = int(self._times[low - 1]) + 1
        kept = self._count - low
        spare = max(64, (kept + more) // 8) if growing else 0
        self._keep(low, self._count, kept + more + spare)

    def _keep(self, low: int, high: int, room: int) -> None:
        old = self._times[low:high], self._values[low:high], self._marked[low:high]
        self._allocate(room)
        self._count = high - low
        self._times[: self._count], self._values[: self._count] = old[0], old[1]
        self._marked[: self._count] = old[2]

    def _allocate(self, room: int) -> None:
        self._times = np.empty(room, np.int64)
        self._values = np.empty((room, len(self._ids)))
        self._marked = np.empty(room, np.bool_)


class Strips:
    """The strips used last, as many as fit into a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._strips: OrderedDict[tuple[str, bytes], Strip] = OrderedDict()

    def read(self, group: Group, view: View, ids: Ids, start: int, end: int) -> Rows:
        """Raises BrokenBlockError."""
        key = group.name, ids.tobytes()
        with self._lock:
            strip = self._strips.setdefault(key, Strip(ids))
            self._strips.move_to_end(key)
        try:
            return strip.read(group, view, start, end)
        finally:
            self._shrink()

    def clear(self) -> None:
        with self._lock:
            self._strips.clear()

    @property
    def nbytes(self) -> int:
        with self._lock:
            return sum(strip.nbytes for strip in self._strips.values())

    def _shrink(self) -> None:
        with self._lock:
            total = sum(strip.nbytes for strip in self._strips.values())
            while total > self._most_bytes:
                _, strip = self._strips.popitem(last=False)
                total -= strip.nbytes


def _picked(head: Snapshot, ids: Ids, low: int, high: int) -> Values:
    """Columns of series, ABSENT for those that the head does not have."""
    if len(head.ids) == len(ids) and (head.ids == ids).all():
        return head.values[low:high].copy()
    order = np.argsort(head.ids)
    place = np.searchsorted(head.ids, ids, sorter=order)
    place = order[np.minimum(place, len(order) - 1)] if len(order) else place
    known = head.ids[place] == ids if len(order) else np.zeros(len(ids), np.bool_)
    if known.all():
        return np.ascontiguousarray(head.values[low:high][:, place])
    values = np.full((high - low, len(ids)), ABSENT)
    values[:, known] = head.values[low:high][:, place[known]]
    return values
