"""Decoded samples that were read lately, ready as one matrix for each selection of series."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import ABSENT, Falls, Times, Values
from opsbook.metrics.storage.falls import FallFinder
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
    falls: Callable[[], Falls | None] | None = None


def head_rows(head: Snapshot, ids: Ids, start: int, end: int) -> Rows:
    """A copy: the head goes on changing."""
    low, high = head.times.searchsorted((start, end + 1))
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
            low, high = self._times[: self._count].searchsorted((start, end + 1))
            return Rows(
                self._times[low:high],
                self._values[low:high],
                self._marked[low:high],
                partial(self._falls.between, int(low), int(high)),
            )

    def _forget(self, group: Group, view: View) -> None:
        """Leave out what changed since: in a new matrix, others may still read the old one."""
        if view.epoch != self._epoch:
            self._low, self._high = 0, -1
        elif view.changes > self._changes:
            since = min(group.changes[self._changes : view.changes], default=EVER)
            kept = int(self._times[: self._count].searchsorted(since))
            if kept < self._count:
                self._keep(0, kept, self._count)
            self._high = min(self._high, since - 1)
        self._epoch, self._changes = view.epoch, view.changes

    def _restart(self, view: View, start: int) -> None:
        self._low = max((_last_before(part, start) for part in view.parts), default=EVER) + 1
        self._high = self._low - 1
        self._count = 0
        self._allocate(0)

    def _extend(self, view: View, start: int, end: int) -> None:
        parts = [part for part in view.parts if part.last > self._high and part.first <= end]
        found = [(part, part.spans(self._high + 1, end)) for part in parts]
        sealed = view.parts[-1].last if view.parts else EVER
        low = len(view.head.times)
        if end > sealed:
            low = int(view.head.times.searchsorted(self._high, side="right"))
        high = len(view.head.times)
        more = sum(_count(part, spans) for part, spans in found) + high - low
        if self._count + more > len(self._times):
            self._make_room(start, more, growing=end > sealed)
        for part, spans in found:
            self._take_part(part, spans)
        if high > low:
            values = _picked(view.head, self._ids, low, high)
            self._take(view.head.times[low:high], values, marked_rows(values))

    def _take_part(self, part: Part, spans: range) -> None:
        if not spans:
            return
        times = part.times()[part.rows(spans)]
        if times[0] > self._high:
            span = slice(self._count, self._count + len(times))
            self._marked[span] = part.read(self._ids, self._values[span], spans)
            self._times[span] = times
            self._count = span.stop
            self._high = int(times[-1])
            return
        values = np.empty((len(times), len(self._ids)))
        marked = part.read(self._ids, values, spans)
        fresh = times > self._high
        self._take(times[fresh], values[fresh], marked[fresh])

    def _take(self, times: Times, values: Values, marked: NDArray[np.bool_]) -> None:
        span = slice(self._count, self._count + len(times))
        self._times[span], self._values[span], self._marked[span] = times, values, marked
        self._count = span.stop
        self._high = int(times[-1])

    def _make_room(self, start: int, more: int, *, growing: bool) -> None:
        """Leave behind what lies before the range that is read now."""
        low = int(self._times[: self._count].searchsorted(start))
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
        self._falls = FallFinder(self._values)


class Strips:
    """The strips used last, as many as fit into a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._strips: OrderedDict[tuple[str, bytes], Strip] = OrderedDict()
        self._sizes: dict[tuple[str, bytes], int] = {}
        self._total = 0

    def read(self, group: Group, view: View, ids: Ids, start: int, end: int) -> Rows:
        """Raises BrokenBlockError."""
        key = group.name, ids.tobytes()
        with self._lock:
            strip = self._strips.get(key) or self._strips.setdefault(key, Strip(ids))
            self._strips.move_to_end(key)
        try:
            return strip.read(group, view, start, end)
        finally:
            self._weigh(key, strip)

    @property
    def nbytes(self) -> int:
        return self._total

    def _weigh(self, key: tuple[str, bytes], strip: Strip) -> None:
        """Let go of others, or of this one, if it has grown too large."""
        with self._lock:
            if self._strips.get(key) is not strip:
                return  # another thread has let go of it already
            size = strip.nbytes
            self._total += size - self._sizes.get(key, 0)
            self._sizes[key] = size
            while self._total > self._most_bytes:
                oldest, _ = self._strips.popitem(last=False)
                self._total -= self._sizes.pop(oldest, 0)


def _last_before(part: Part, start: int) -> int:
    """The last sample of a part that need not be read from `start` on."""
    if part.last < start or part.first >= start:
        return part.last if part.last < start else EVER
    first = part.rows(part.spans(start, part.last)).start
    return int(part.times()[first - 1]) if first else EVER


def _count(part: Part, spans: range) -> int:
    rows = part.rows(spans)
    return int(rows.stop) - int(rows.start)


def _picked(head: Snapshot, ids: Ids, low: int, high: int) -> Values:
    """Columns of series, ABSENT for those that the head does not have."""
    if len(head.ids) == len(ids) and (head.ids == ids).all():
        return head.read(low, high)
    order = np.argsort(head.ids)
    place = head.ids.searchsorted(ids, sorter=order)
    place = order[np.minimum(place, len(order) - 1)] if len(order) else place
    known = head.ids[place] == ids if len(order) else np.zeros(len(ids), np.bool_)
    if known.all():
        return head.read(low, high, place)
    values = np.full((high - low, len(ids)), ABSENT)
    values[:, known] = head.read(low, high, place[known])
    return values
