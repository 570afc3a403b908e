"""Samples that a target gave times of their own."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import Labels, format_labels
from opsbook.metrics.model import ABSENT, STALE, Times, Values
from opsbook.metrics.store import Layout, Store

_NEVER = -(2**62)
_MOST_PARTS = 512
"""Groups for the series that one exposition brings."""

_Places = NDArray[np.int64]


@dataclass(slots=True)
class _Part:
    """Series that had the same time when they were first seen, as they probably will again."""

    layout: Layout
    latest: Times
    """The time of each one's last sample."""


@dataclass(frozen=True, slots=True)
class _Share:
    """What an exposition has of a part: where the series stand in the part and in it."""

    part: _Part
    columns: _Places
    places: _Places


class Timed:
    """Rows of series whose samples carry times: a group for those that share them.

    In one group with the rest, the time of one series would be a row of holes for all others.
    """

    def __init__(self, store: Store, group: str) -> None:
        self._store, self._group = store, group
        self.live: tuple[Labels, ...] = ()
        """Series that were in the last exposition and have not ended."""
        self._labels: tuple[Labels, ...] = ()
        self._shares: list[_Share] = []
        self._seat: dict[Labels, tuple[_Part, int]] = {}

    def append(self, labels: tuple[Labels, ...], values: Values, times: Times) -> Counter[str]:
        """Samples later than the last of their series. What was refused: reason → samples.

        Raises TooManySeriesError and StoreError.
        """
        if labels is not self._labels:
            self._arrange(labels, times)
        self.live = labels
        refused: Counter[str] = Counter()
        for share in self._shares:
            at = times[share.places]
            fresh = at > share.part.latest[share.columns]
            for each in np.unique(at[fresh]).tolist():
                now = fresh & (at == each)
                refused += self._put(
                    share.part, each, share.columns[now], values[share.places[now]]
                )
        return refused

    def end(self, at: int, others: Iterable[Labels] = ()) -> None:
        """Mark live series as ended, except what others go on with."""
        others = set(others)
        for share in _shares(self._seat, (one for one in self.live if one not in others)):
            self._put(share.part, at, share.columns, np.full(len(share.columns), STALE))
        self.live = ()

    def _put(self, part: _Part, at: int, columns: _Places, values: Values) -> Counter[str]:
        row = np.full(len(part.layout.labels), ABSENT)
        row[columns] = values
        receipt = self._store.append_row(part.layout, at, row)
        part.latest[columns] = at
        return Counter(receipt.refused)

    def _arrange(self, labels: tuple[Labels, ...], times: Times) -> None:
        """Give new series a seat, and forget the parts of which nothing is left."""
        kept = {id(self._seat[one][0]) for one in labels if one in self._seat}
        seat = {one: at for one, at in self._seat.items() if id(at[0]) in kept}
        fresh = [place for place, one in enumerate(labels) if one not in seat]
        if fresh:
            _, rank = np.unique(times[fresh], return_inverse=True)
            for number in range(min(int(rank.max()) + 1, _MOST_PARTS)):
                members = np.flatnonzero(rank % _MOST_PARTS == number).tolist()
                seat |= self._seated(tuple(labels[fresh[member]] for member in members))
        self._seat, self._labels = seat, labels
        self._shares = _shares(seat, labels)

    def _seated(self, labels: tuple[Labels, ...]) -> dict[Labels, tuple[_Part, int]]:
        # The name must be the same after a restart, as long as the same series come first.
        digest = hashlib.blake2s(format_labels(labels[0]).encode(), digest_size=6).hexdigest()
        layout = self._store.layout(f"{self._group}@{digest}", labels)
        part = _Part(layout, np.full(len(labels), _NEVER))
        return {one: (part, column) for column, one in enumerate(labels)}


def _shares(seat: dict[Labels, tuple[_Part, int]], labels: Iterable[Labels]) -> list[_Share]:
    found: dict[int, tuple[_Part, list[int], list[int]]] = {}
    for place, one in enumerate(labels):
        part, column = seat[one]
        _, columns, places = found.setdefault(id(part), (part, [], []))
        columns.append(column)
        places.append(place)
    return [
        _Share(part, np.array(c, np.int64), np.array(p, np.int64)) for part, c, p in found.values()
    ]
