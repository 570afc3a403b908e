"""Samples of a request → rows of the store."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsbook.core.clock import iso
from opsbook.core.labels import Labels, format_labels
from opsbook.metrics.model import ABSENT, Times, Values, is_absent
from opsbook.metrics.remote.decoding import BadLabelsError, Request, labels_in
from opsbook.metrics.remote.placement import WIDTH, Numbers, Placement, Strand
from opsbook.metrics.remote.wire import WireError
from opsbook.metrics.store import Store, TooManySeriesError

NO_ROOM = "no room"
"""The store's reason for a sample that it could take later."""
_TOO_OLD, _TOO_MANY = "too old", "too many series"
_TAKEN, _LATE = "taken", "late"
_MOST_MOVES = 8
_MOST_SERIES = 1_000_000
"""Series that are remembered; after that all are learnt again."""
_MOST_LABELS = 128
_LONGEST_NAME = 1_024
_LONGEST_VALUE = 16_384
_BAD = -1


@dataclass(slots=True)
class Tally:
    """What became of the samples of one request."""

    taken: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Reason -> samples."""
    examples: dict[str, str] = field(default_factory=dict)
    """Reason -> what was refused first for it."""

    def refuse(self, reason: str, samples: int, example: str) -> None:
        if samples:
            self.examples.setdefault(reason, example)
            self.refused[reason] += samples


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Samples by the number of their series."""

    numbers: Numbers
    times: Times
    values: Values

    def __getitem__(self, which: "slice | NDArray[Any]") -> "_Waiting":
        return _Waiting(self.numbers[which], self.times[which], self.values[which])


class Rows:
    """Knows the series that were sent before. One thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.known: dict[bytes, int] = {}
        """The bytes of labels -> the series' number; negative for labels that are refused."""
        self._forget()

    def write(self, request: Request) -> Tally:
        """Raises StoreError; what was appended before stays."""
        if len(self.known) > _MOST_SERIES:
            self._forget()
        tally = Tally()
        waiting = self._numbered(request, tally)
        for _ in range(_MOST_MOVES):
            if not len(waiting.numbers):
                break
            waiting = self._write(waiting, tally)
        self._refuse(tally, _TOO_OLD, waiting)
        return tally

    def _forget(self) -> None:
        self.known.clear()
        self._numbers: dict[Labels, int] = {}
        self._faults: dict[bytes, str] = {}
        self._placement = Placement(self._store)

    def _numbered(self, request: Request, tally: Tally) -> _Waiting:
        numbers = [self.known.get(part) for part in request.series]
        if None in numbers:
            self._learn(request.series)
            numbers = [self.known[part] for part in request.series]
        samples = request.samples
        series = np.array(numbers, np.int64)
        waiting = _Waiting(np.repeat(series, samples.counts), samples.times, samples.values)
        absent = is_absent(waiting.values)
        if absent.any():
            # Our own sign for "no sample" is a number that others may send: any NaN will do.
            waiting.values[absent] = np.nan
        good = waiting.numbers != _BAD
        if good.all():
            return waiting
        for place in np.flatnonzero(series == _BAD).tolist():
            tally.refuse(
                "bad labels", int(samples.counts[place]), self._faults[request.series[place]]
            )
        return waiting[good]

    def _learn(self, series: list[bytes]) -> None:
        found: list[Labels] = []
        first = len(self._placement.labels)
        for part in series:
            if part in self.known:
                continue
            try:
                labels = labels_in(part)
                _check_lengths(labels)
            except WireError as error:
                self.known[part] = _BAD
                self._faults[part] = str(error)
            else:
                # The same labels in another order are the same series.
                number = self._numbers.setdefault(labels, first + len(found))
                self.known[part] = number
                if number == first + len(found):
                    found.append(labels)
        self._placement.add(found)

    def _write(self, waiting: _Waiting, tally: Tally) -> _Waiting:
        """Append what has a place; what has to look for another one is returned."""
        waiting = self._placed(waiting, tally)
        slots = self._placement.slots[waiting.numbers]
        order = np.lexsort((slots, waiting.times))
        waiting, slots = _without_repeats(waiting[order], slots[order], tally)
        taken, left = np.zeros((2, len(slots)), np.bool_)
        for low, high in pairwise(_edges(waiting.times, slots // WIDTH)):
            strand = self._placement.strands[int(slots[low]) // WIDTH]
            span = slice(low, high)
            if self._placement.closed(strand):
                left[span] = True
                continue
            columns = slots[span] - strand.number * WIDTH
            became = self._append(strand, columns, waiting[span], tally)
            if became == NO_ROOM:
                self._refuse(tally, NO_ROOM, waiting[high:])
                return waiting[:0]
            taken[span] = became == _TAKEN
            if became == _LATE:
                left[span] = self._in_order(waiting[span])
        np.maximum.at(self._placement.newest, waiting.numbers[taken], waiting.times[taken])
        return waiting[left]

    def _append(self, strand: Strand, columns: Numbers, row: _Waiting, tally: Tally) -> str:
        """What became of one row: _TAKEN, _LATE, or why it was refused."""
        values = np.full(len(strand.layout.labels), ABSENT)
        values[columns] = row.values
        at = int(row.times[0])
        try:
            receipt = self._store.append_row(strand.layout, at, values)
        except TooManySeriesError as error:
            self._refuse(tally, _TOO_MANY, row, str(error))
            return _TOO_MANY
        tally.taken += receipt.taken
        tally.repeated += receipt.repeated
        if _TOO_OLD in receipt.refused:
            return self._turned_away(strand, row, tally)
        for reason, count in receipt.refused.items():
            tally.refuse(reason, count, self._named(row))
            if count == len(row.times):
                return reason
        group = strand.group
        group.count(at, len(values), len(columns))
        if group.sparse or group.loose:
            self._placement.dissolve(group, leave=group.sparse)
        return _TAKEN

    def _turned_away(self, strand: Strand, row: _Waiting, tally: Tally) -> str:
        """Too old for its group: a series that is in order itself goes to another one."""
        in_order = self._in_order(row)
        self._refuse(tally, _TOO_OLD, row[~in_order])
        if not in_order.any():
            return _TOO_OLD
        self._placement.leave(strand)
        return _LATE

    def _in_order(self, row: _Waiting) -> NDArray[np.bool_]:
        return row.times > self._placement.newest[row.numbers]

    def _placed(self, waiting: _Waiting, tally: Tally) -> _Waiting:
        """Find places for series that have none; without those that may have none."""
        homeless = self._placement.homeless(waiting.numbers)
        if not homeless.any():
            return waiting
        mine = waiting[homeless]
        mine = mine[np.argsort(mine.numbers, kind="stable")]
        numbers, starts = np.unique(mine.numbers, return_index=True)
        trouble = self._placement.place(numbers.tolist(), np.split(mine.times, starts[1:]))
        if trouble is None:
            return waiting
        homeless = self._placement.homeless(waiting.numbers)
        self._refuse(tally, _TOO_MANY, waiting[homeless], trouble)
        return waiting[~homeless]

    def _refuse(self, tally: Tally, reason: str, row: _Waiting, why: str = "") -> None:
        tally.refuse(reason, len(row.times), why or self._named(row))

    def _named(self, row: _Waiting) -> str:
        if not len(row.numbers):
            return ""
        labels = self._placement.labels[int(row.numbers[0])]
        return f"{format_labels(labels)} at {iso(int(row.times[0]) / 1000)}"


def _edges(times: Times, strands: Numbers) -> list[int]:
    """Where rows begin, and where the last one ends."""
    begins = (np.diff(times) != 0) | (np.diff(strands) != 0)
    return [0, *(np.flatnonzero(begins) + 1).tolist(), len(times)] if len(times) else []


def _without_repeats(waiting: _Waiting, slots: Numbers, tally: Tally) -> tuple[_Waiting, Numbers]:
    """Of samples of one series at one time only the first, as if they had come one by one."""
    again = np.zeros(len(slots), np.bool_)
    again[1:] = (np.diff(slots) == 0) & (np.diff(waiting.times) == 0)
    if not again.any():
        return waiting, slots
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(slots))))
    bits = waiting.values.view(np.uint64)
    same = int((again & (bits == bits[first])).sum())
    tally.repeated += same
    if int(again.sum()) > same:
        tally.refuse("duplicate", int(again.sum()) - same, "two values at one time")
    return waiting[~again], slots[~again]


def _check_lengths(labels: Labels) -> None:
    if len(labels) > _MOST_LABELS:
        raise BadLabelsError(f"{len(labels)} labels, more than {_MOST_LABELS}")
    for name, value in labels:
        if len(name) > _LONGEST_NAME or len(value) > _LONGEST_VALUE:
            raise BadLabelsError(
                f"label {name[:50]!r} is longer than allowed (name {_LONGEST_NAME}, value "
                f"{_LONGEST_VALUE} characters)"
            )
