"""The series of one group in one layout of the store, kept as long as possible."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import Labels
from opsbook.metrics.model import ABSENT, STALE, Values
from opsbook.metrics.store import Layout, Receipt, Store

_SPARE = 64
"""Columns that may be without samples however few the others are."""

Columns = NDArray[np.int64]
_NONE: Columns = np.empty(0, np.int64)
_NO_VALUES: Values = np.empty(0, np.float64)


@dataclass(frozen=True, slots=True)
class _Order:
    layout: Layout
    column: Mapping[Labels, int]


class Table:
    """Rows of one group: a series that vanished is marked once and then has no samples.

    The first columns are its own; they have a value in every row.
    """

    def __init__(self, store: Store, group: str, own: tuple[Labels, ...] = ()) -> None:
        self._store, self._group, self._own = store, group, own
        self._order: _Order | None = None
        self._labels: tuple[Labels, ...] | None = None
        """The series of the last row, and where they stand."""
        self._columns = _NONE

    @property
    def live(self) -> tuple[Labels, ...]:
        """The series of the last row, its own among them."""
        return () if self._order is None else (*self._own, *(self._labels or ()))

    def append(
        self,
        at: int,
        own: Values = _NO_VALUES,
        labels: tuple[Labels, ...] = (),
        values: Values = _NO_VALUES,
    ) -> Receipt:
        """One row, at a time in ms. Raises TooManySeriesError and StoreError; nothing changed."""
        order, columns = self._order, self._columns
        if order is None or labels is not self._labels:
            order = self._order_with(labels)
            columns = np.fromiter((order.column[one] for one in labels), np.int64, len(labels))
        row = np.full(len(order.column), ABSENT)
        if labels is not self._labels:
            row[[order.column[one] for one in self._labels or ()]] = STALE
        row[columns] = values
        row[: len(own)] = own
        receipt = self._store.append_row(order.layout, at, row)
        self._order, self._labels, self._columns = order, labels, columns
        return receipt

    def end(self, at: int, others: Collection[Labels] = ()) -> None:
        """Mark all that is live as ended, except what others go on with."""
        if self._order is None:
            return
        others = set(others)
        row = np.full(len(self._order.column), ABSENT)
        row[[self._order.column[one] for one in self.live if one not in others]] = STALE
        self._store.append_row(self._order.layout, at, row)
        self._order, self._labels = None, None

    def _order_with(self, labels: tuple[Labels, ...]) -> _Order:
        """An order that has these series and those of the last row."""
        column = self._order.column if self._order else {}
        fresh = [one for one in labels if one not in column]
        if self._order and not fresh and not (labels and self._wasteful(len(column), labels)):
            return self._order
        if self._wasteful(len(column) + len(fresh), labels):
            names = dict.fromkeys((*self._own, *labels, *(self._labels or ())))
        else:
            names = dict.fromkeys((*(column or self._own), *fresh))
        layout = self._store.layout(self._group, tuple(names))
        return _Order(layout, {one: place for place, one in enumerate(names)})

    def _wasteful(self, width: int, labels: tuple[Labels, ...]) -> bool:
        """Whether most columns would be without samples."""
        needed = len(self._own) + max(len(labels), len(self._labels or ()))
        return width > 2 * needed + _SPARE
