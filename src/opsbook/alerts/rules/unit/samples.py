"""Samples in memory, known beforehand and made on the way, on a clock that is only a number."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.matching import matching
from opsbook.metrics.model import ABSENT, Frame, Matcher, Times, Values, is_absent, is_stale
from opsbook.metrics.promql.series_text import Points
from opsbook.metrics.rules.rule import Samples
from opsbook.metrics.store import Receipt

_FIRST = 16


class _Series:
    """Times and values of one series, growing."""

    def __init__(self, times: Times, values: Values) -> None:
        self._count = len(times)
        room = max(2 * len(times), _FIRST)
        self._times, self._values = np.empty(room, dtype=np.int64), np.empty((room, 1))
        self._times[: len(times)], self._values[: len(times), 0] = times, values

    def at(self, time: int) -> Values | None:
        """What stands there, as an array of one value: a NaN is told from another by its bits."""
        row = int(np.searchsorted(self._times[: self._count], time))
        there = row < self._count and self._times[row] == time
        return self._values[row] if there else None

    def add(self, at: int, value: float) -> None:
        """At a time at which nothing stands."""
        row, end = int(np.searchsorted(self._times[: self._count], at)), self._count
        if end == len(self._times):
            self._times = np.concatenate([self._times, np.empty_like(self._times)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        self._times[row + 1 : end + 1] = self._times[row:end].copy()
        self._values[row + 1 : end + 1] = self._values[row:end].copy()
        self._times[row], self._values[row, 0] = at, value
        self._count += 1

    def frame(self, labels: Labels, start: int, end: int) -> Frame | None:
        times = self._times[: self._count]
        first, behind = np.searchsorted(times, start), np.searchsorted(times, end, side="right")
        if first == behind:
            return None
        values = self._values[first:behind]
        return Frame((labels,), times[first:behind], values, not is_stale(values).any())


class Given:
    """Series that are known beforehand; they share their times, step by step. In ms."""

    def __init__(self, series: Mapping[Labels, Points], start: int, step: int) -> None:
        length = max(map(len, series.values()), default=0)
        self.labels = tuple(series)
        self._column = {labels: column for column, labels in enumerate(self.labels)}
        self._times = start + step * np.arange(length, dtype=np.int64)
        self._values: Values = np.full((length, len(series)), ABSENT)
        for column, points in enumerate(series.values()):
            for row, point in enumerate(points):
                if point is not None:
                    self._values[row, column] = point

    def frame(self, columns: Sequence[int], start: int, end: int) -> Frame | None:
        first = int(np.searchsorted(self._times, start))
        behind = int(np.searchsorted(self._times, end, side="right"))
        values = self._values[first:behind, columns]
        there = ~is_absent(values)
        kept = np.flatnonzero(there.any(axis=0))
        if not len(kept):
            return None
        values = np.ascontiguousarray(values[:, kept])
        labels = tuple(self.labels[columns[column]] for column in kept.tolist())
        whole = bool(there[:, kept].all()) and not is_stale(values).any()
        return Frame(labels, self._times[first:behind], values, whole)

    def taken(self, labels: Labels) -> _Series:
        """A series of its own from now on, empty if it was not known."""
        column = self._column.pop(labels, None)
        if column is None:
            return _Series(self._times[:0], self._values[:0].ravel())
        values = self._values[:, column].copy()
        self._values[:, column] = ABSENT
        there = ~is_absent(values)
        return _Series(self._times[there], values[there])


class VirtualSamples:
    """What rules read and write. `now` is the latest time that can be seen, in ms."""

    def __init__(self, given: Given) -> None:
        self.now = 0
        self._given = given
        self._made: dict[Labels, _Series] = {}
        self._named: dict[str, list[Labels]] = defaultdict(list)
        self._columns: dict[tuple[Matcher, ...], list[int]] = {}

    def append(self, group: str, at: int, samples: Samples) -> Receipt:
        repeated = refused = 0
        for labels, value in samples.items():
            series = self._made.get(labels)
            if series is None:
                series = self._made[labels] = self._given.taken(labels)
                self._named[_name(labels)].append(labels)
            before = series.at(at)
            if before is None:
                series.add(at, value)
            elif before.tobytes() == np.float64(value).tobytes():
                repeated += 1
            else:
                refused += 1
        why = {"duplicate sample for timestamp": refused} if refused else {}
        return Receipt(len(samples) - repeated - refused, repeated, why)

    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        end = min(end, self.now)
        if matchers not in self._columns:
            fits = matching(matchers)
            listed = enumerate(self._given.labels)
            self._columns[matchers] = [column for column, labels in listed if fits(labels)]
        columns = self._columns[matchers]
        frames = [self._given.frame(columns, start, end)] if columns else []
        frames += [
            self._made[labels].frame(labels, start, end) for labels in self._made_ones(matchers)
        ]
        return [frame for frame in frames if frame is not None]

    def _made_ones(self, matchers: tuple[Matcher, ...]) -> list[Labels]:
        names = [matcher.value for matcher in matchers if (matcher.name, matcher.op) == (NAME, "=")]
        candidates = self._named.get(names[0], []) if names else list(self._made)
        if not candidates:
            return []
        fits = matching(matchers)
        return [labels for labels in candidates if fits(labels)]


def _name(labels: Labels) -> str:
    return dict(labels).get(NAME, "")
