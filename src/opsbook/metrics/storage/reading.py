"""Frames out of what is held."""

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Frame, Matcher, Times, Unchanged, Values, is_absent, is_stale
from opsbook.metrics.storage.family import family_key
from opsbook.metrics.storage.group import EVER, View
from opsbook.metrics.storage.holdings import Holdings
from opsbook.metrics.storage.limits import Limits
from opsbook.metrics.storage.part import Ids
from opsbook.metrics.storage.selection import Mark, Selection
from opsbook.metrics.storage.strip import Rows, Strips, head_rows
from opsbook.metrics.store import TooManySamplesError

_REMEMBERED = 256
"""Matches that are remembered until the series change…"""
_MEMORABLE = 50_000
"""…if they found no more series than this."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A frame that has not been read yet."""

    selection: Selection
    view: View
    start: int
    end: int
    samples: int
    """About how many there are."""


class Reading:
    """Finds series and reads their samples; keeps what was decoded lately."""

    def __init__(self, holdings: Holdings, limits: Limits) -> None:
        self._holdings, self._limits = holdings, limits
        self._strips = Strips(limits.cache_bytes)
        self._matches: OrderedDict[tuple[Matcher, ...], tuple[int, list[Selection]]] = OrderedDict()

    def pending(self, matchers: tuple[Matcher, ...], start: int, end: int) -> "list[Pending]":
        """What there is to read. Raises TooManySamplesError."""
        self._holdings.index.prepare(matchers)
        with self._holdings.lock:
            views = [(one, one.group.view()) for one in self._selections(matchers)]
        found = [
            Pending(selection, view, start, end, len(selection.ids) * _row_count(view, start, end))
            for selection, view in views
        ]
        self._check_size(found)
        return found

    def watch(self, matchers: tuple[Matcher, ...], start: int, end: int) -> Unchanged | None:
        """Whether a selection still finds what it finds now; None where nothing is remembered."""
        if not self._limits.cache_bytes:
            return None
        self._holdings.index.prepare(matchers)
        with self._holdings.lock:
            marks = [one.mark(start, end) for one in self._selections(matchers)]
        return partial(self._unchanged, matchers, marks)

    def _unchanged(
        self, matchers: tuple[Matcher, ...], marks: list[Mark], *, wait: bool = True
    ) -> bool | None:
        index, lock = self._holdings.index, self._holdings.lock
        if wait:
            index.prepare(matchers)
        if not lock.acquire(blocking=wait):
            return None
        try:
            if not wait and self._matches.get(matchers, (None,))[0] != index.generation:
                return None  # which series match is to be found anew
            now = self._selections(matchers)
            return len(now) == len(marks) and all(
                mark.holds(one) for mark, one in zip(marks, now, strict=True)
            )
        finally:
            lock.release()

    def again(self, pending: "Pending") -> "Pending":
        """The same of what is held now."""
        with self._holdings.lock:
            return replace(pending, view=pending.selection.group.view())

    def frame(self, pending: "Pending") -> Frame | None:
        """Raises BrokenBlockError."""
        rows = self._rows(pending.selection, pending.view, pending.start, pending.end)
        return _frame(pending.selection.labels, rows)

    def series(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Labels]:
        self._holdings.index.prepare(matchers)
        with self._holdings.lock:
            found: set[Labels] = set()
            for selection in self._selections(matchers):
                there = _there(selection.group.view(), start, end)
                held = np.isin(selection.ids, there)
                found.update(selection.labels[place] for place in np.flatnonzero(held).tolist())
        return sorted(found)

    def _selections(self, matchers: tuple[Matcher, ...]) -> list[Selection]:
        index = self._holdings.index
        known = self._matches.get(matchers)
        if known is not None and known[0] == index.generation:
            self._matches.move_to_end(matchers)
            return known[1]
        ids = index.match(matchers)
        found = self._grouped(ids)
        if len(ids) <= _MEMORABLE:
            self._matches[matchers] = index.generation, found
            if len(self._matches) > _REMEMBERED:
                self._matches.popitem(last=False)
        return found

    def _grouped(self, ids: Ids) -> list[Selection]:
        """Series by group, in the order in which blocks hold them: that is read fastest."""
        index = self._holdings.index
        groups: dict[str, list[tuple[Labels, int]]] = defaultdict(list)
        for number in ids.tolist():
            groups[index.group[number]].append((index.labels[number], number))
        found = []
        for name, members in groups.items():
            members.sort(key=lambda member: family_key(member[0]))
            numbers = np.array([number for _, number in members], np.int64)
            labels = tuple(one for one, _ in members)
            twins = not index.twins.isdisjoint(numbers.tolist())
            found.append(Selection(self._holdings.group(name), numbers, labels, twins))
        return found

    def _check_size(self, found: list[Pending]) -> None:
        most = self._limits.query_samples
        count = sum(pending.samples for pending in found)
        if count > most:
            raise TooManySamplesError(
                f"the selector would read about {count} samples, more than {most}; "
                "select fewer series or a shorter range"
            )

    def _rows(self, selection: Selection, view: View, start: int, end: int) -> Rows:
        sealed = view.parts[-1].last if view.parts else EVER
        if start > sealed:
            return head_rows(view.head, selection.ids, start, end)
        return self._strips.read(selection.group, view, selection.ids, start, end)


def _row_count(view: View, start: int, end: int) -> int:
    low, high = view.head.times.searchsorted((start, end + 1))
    count = int(high - low)
    for part in view.parts:
        overlap = min(end, part.last) - max(start, part.first) + 1
        if overlap > 0:
            count += part.section.rows * overlap // (part.last - part.first + 1)
    return count


def _there(view: View, start: int, end: int) -> Ids:
    low, high = view.head.times.searchsorted((start, end + 1))
    found = [part.ids for part in view.parts if part.first <= end and part.last >= start]
    if low < high:
        values = view.head.read(int(low), int(high))
        found.append(view.head.ids[~is_absent(values).all(axis=0)])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _frame(labels: tuple[Labels, ...], rows: Rows) -> Frame | None:
    """Without series and times that have no sample."""
    if not len(rows.times):
        return None
    if not rows.marked.any():
        return Frame(labels, rows.times, rows.values, whole=True, falls=rows.falls)
    absent = is_absent(rows.values)
    if not absent.any():
        return Frame(labels, rows.times, rows.values, whole=not is_stale(rows.values).any())
    columns = np.flatnonzero(~absent.all(axis=0))
    times = np.flatnonzero(~absent.all(axis=1))
    if not len(columns):
        return None
    values = rows.values if len(times) == len(rows.times) else rows.values[times]
    if len(columns) < len(labels):
        values = np.ascontiguousarray(values[:, columns])
        labels = tuple(labels[column] for column in columns.tolist())
    return Frame(labels, rows.times[times], values, whole=_whole(values))


def _whole(values: Values) -> bool:
    return not (is_absent(values) | is_stale(values)).any()


def untwinned(frames: list[Frame]) -> list[Frame]:
    """The same series in several groups, each with its own times, becomes one of its own."""
    places: dict[Labels, list[tuple[Frame, int]]] = defaultdict(list)
    for frame in frames:
        for column, labels in enumerate(frame.labels):
            places[labels].append((frame, column))
    twins = {labels: found for labels, found in places.items() if len(found) > 1}
    if not twins:
        return frames
    kept = (_without(frame, twins) for frame in frames)
    joined = (_joined(labels, found) for labels, found in twins.items())
    return [*(frame for frame in kept if frame is not None), *joined]


def _without(frame: Frame, twins: dict[Labels, list[tuple[Frame, int]]]) -> Frame | None:
    columns = [column for column, labels in enumerate(frame.labels) if labels not in twins]
    if len(columns) == len(frame.labels):
        return frame
    if not columns:
        return None
    values = np.ascontiguousarray(frame.values[:, columns])
    marked = np.ones(len(frame.times), np.bool_)
    return _frame(tuple(frame.labels[one] for one in columns), Rows(frame.times, values, marked))


def _joined(labels: Labels, found: list[tuple[Frame, int]]) -> Frame:
    """At a time that several groups have, the first one's value counts."""
    times: list[Times] = []
    values: list[Values] = []
    for frame, column in found:
        present = ~is_absent(frame.values[:, column].copy())
        times.append(frame.times[present])
        values.append(frame.values[present, column])
    merged, first = np.unique(np.concatenate(times), return_index=True)
    joined = np.concatenate(values)[first].reshape(-1, 1)
    return Frame((labels,), merged, joined, whole=_whole(joined))
