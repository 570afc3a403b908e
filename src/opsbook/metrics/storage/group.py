"""One group: its newest samples in memory, its older ones in blocks."""

from dataclasses import dataclass
from itertools import count

from opsbook.metrics.model import Values, is_absent
from opsbook.metrics.storage.head import Columns, Head, Snapshot
from opsbook.metrics.storage.part import Part
from opsbook.metrics.store import Receipt

EVER = -(2**62)
"""A time before all times."""
_REMEMBERED_CHANGES = 10_000
_epochs = count(1)


@dataclass(frozen=True, slots=True)
class View:
    """A group as it was at one moment."""

    parts: tuple[Part, ...]
    head: Snapshot
    epoch: int
    changes: int
    """How many changes of the past had been made."""


class Group:
    """The caller holds the lock of the holdings for everything here."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head = Head()
        self.parts: tuple[Part, ...] = ()
        self.floor = EVER
        """No sample up to this time is taken any more: a block holds that part."""
        self.newest = EVER
        self.touched = 0.0
        """Monotonic seconds of the last append."""
        self.generation = 0
        """Grows when the head's columns move."""
        self.epoch = next(_epochs)
        """No other group, and not this one later, ever has the same."""
        self.changes: list[int] = []
        """From which time on the past changed, each time it did."""

    def view(self) -> View:
        return View(self.parts, self.head.snapshot(), self.epoch, len(self.changes))

    def put(self, at: int, columns: Columns, values: Values) -> Receipt:
        if at > self.newest:
            self.head.append(at, columns, values)
            self.newest = at
            return Receipt(len(values) - int(is_absent(values).sum()))
        taken, repeated, contrary = self.head.merge(at, columns, values)
        self.newest = max(self.newest, at)
        if taken:
            self.changed(at)
        return Receipt(taken, repeated, {"duplicate": contrary} if contrary else {})

    def changed(self, since: int) -> None:
        """What was read from this time on may be different now."""
        self.changes.append(since)
        if len(self.changes) > _REMEMBERED_CHANGES:
            self.changes.clear()
            self.epoch = next(_epochs)

    def first_row(self) -> int | None:
        times = self.head.snapshot().times
        return int(times[0]) if len(times) else None

    def drop(self, rows: int) -> None:
        """The oldest rows leave the head."""
        self.head.drop(rows)
        self.generation += 1

    def attach(self, part: Part) -> None:
        self.parts = tuple(sorted((*self.parts, part), key=lambda one: one.first))

    def detach(self, part: Part) -> None:
        self.parts = tuple(one for one in self.parts if one is not part)
