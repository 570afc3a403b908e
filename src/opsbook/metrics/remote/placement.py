"""Which series stand together: what comes at the same times shares a group and its times.

Senders cut the samples of a target into requests at any place, send the halves of it at a
different pace, and know of no targets at all when they load a file. So a series begins in the
group of its job and instance, and leaves it, together with those that came with it, when that
group is ahead of it, or when its members turn out to have no times in common.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import NAME, Labels, format_labels
from opsbook.metrics.model import Times
from opsbook.metrics.store import Layout, Store, TooManySeriesError

WIDTH = 512
"""Most series of a strand."""
_WASTE = 250_000
"""Empty cells after which a group or its strands are formed anew."""
_SPARSE = 8
"""Cells of a group's matrix for each sample in it…"""
_LOOSE = 4
"""…and cells of appended rows for each sample, above which it is waste."""
_ROW = 64
"""What appending one more row costs, in cells."""
_REMEMBERED_TIMES = 64

Numbers = NDArray[np.int64]


@dataclass(eq=False, slots=True)
class Group:
    """A group of the store, and how well its rows are filled."""

    name: str
    generation: int
    """How many groups its series have left before."""
    strands: list["Strand"] = field(default_factory=list)
    width: int = 0
    cells: int = 0
    appended: int = 0
    samples: int = 0
    times: dict[int, None] = field(default_factory=dict)
    """Of its newest rows."""

    def count(self, at: int, cells: int, samples: int) -> None:
        self.appended += cells + (_ROW if len(self.strands) > 1 else 0)
        self.samples += samples
        if at not in self.times:
            self.cells += self.width
            self.times[at] = None
            if len(self.times) > _REMEMBERED_TIMES:
                del self.times[next(iter(self.times))]

    @property
    def sparse(self) -> bool:
        """Whether its series should not share their times."""
        return self.cells > _SPARSE * self.samples + _WASTE

    @property
    def loose(self) -> bool:
        """Whether its series come otherwise than they stand in its strands."""
        return self.appended > _LOOSE * self.samples + _WASTE


@dataclass(eq=False, slots=True)
class Strand:
    """Series of a group that arrived together: the columns of one layout."""

    group: Group
    layout: Layout
    number: int
    left: bool = False
    """Whether its series go to another group when they come again."""


class Placement:
    """Series by number, and the slot in which each stands: its strand and its column there."""

    def __init__(self, store: Store) -> None:
        self.labels: list[Labels] = []
        self.newest: Numbers = np.empty(0, np.int64)
        """The time of the newest sample of each series that the store took."""
        self.slots: Numbers = np.empty(0, np.int64)
        self.strands: list[Strand] = []
        self._closed = bytearray()
        self._store = store
        self._groups: dict[str, Group] = {}

    def add(self, labels: Iterable[Labels]) -> None:
        """Number series that were not seen before, in this order."""
        before = len(self.labels)
        self.labels.extend(labels)
        fresh = len(self.labels) - before
        self.newest = np.concatenate([self.newest, np.full(fresh, -(2**62))])
        self.slots = np.concatenate([self.slots, np.full(fresh, -1)])

    def homeless(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Which of these have no place, or not any more."""
        slots = self.slots[numbers]
        closed = np.frombuffer(self._closed + b"\x01", np.bool_)
        return closed[np.where(slots < 0, -1, slots // WIDTH)]

    def closed(self, strand: Strand) -> bool:
        return bool(self._closed[strand.number])

    def place(self, numbers: Sequence[int], times: Sequence[Times]) -> str | None:
        """Find places for series, by the times of the samples with which they came.

        What the store does not admit stays without one; the text says why.
        """
        together: dict[tuple[str, int, bytes], list[int]] = {}
        for number, mine in zip(numbers, times, strict=True):
            base, generation = _base(self.labels[number]), self._generation(number)
            together.setdefault((base, generation, mine.tobytes()), []).append(number)
        trouble = None
        for (base, generation, _), members in together.items():
            for start in range(0, len(members), WIDTH):
                try:
                    self._join(base, generation, members[start : start + WIDTH])
                except TooManySeriesError as error:
                    trouble = str(error)
        return trouble

    def dissolve(self, group: Group, *, leave: bool) -> None:
        """Let the series of a group be placed anew: in it, or in others."""
        for strand in group.strands:
            strand.left = strand.left or leave
            self._closed[strand.number] = 1
        group.strands = []
        group.cells = group.appended = group.samples = 0
        if leave:
            group.width = 0

    def leave(self, strand: Strand) -> None:
        """Let the series of a strand go to another group."""
        strand.left = True
        strand.group.strands.remove(strand)
        strand.group.width -= len(strand.layout.labels)
        self._closed[strand.number] = 1

    def _generation(self, number: int) -> int:
        slot = int(self.slots[number])
        if slot < 0:
            return 0
        strand = self.strands[slot // WIDTH]
        return strand.group.generation + strand.left

    def _join(self, base: str, generation: int, members: list[int]) -> None:
        labels = [self.labels[number] for number in members]
        group = self._group(base, generation, labels)
        strand = Strand(group, self._store.layout(group.name, labels), len(self.strands))
        newly = sum(self._group_of(number) is not group for number in members)
        first = strand.number * WIDTH
        self.slots[members] = np.arange(first, first + len(members))
        self.strands.append(strand)
        self._closed.append(0)
        group.strands.append(strand)
        group.width += newly

    def _group_of(self, number: int) -> Group | None:
        slot = int(self.slots[number])
        return self.strands[slot // WIDTH].group if slot >= 0 else None

    def _group(self, base: str, generation: int, labels: Sequence[Labels]) -> Group:
        name = base
        if generation:
            # The same series find the same group again in a later life.
            text = format_labels(min(labels)).encode("utf-8", "surrogatepass")
            name = f"{base}/{hashlib.blake2b(text, digest_size=6).hexdigest()}.{generation}"
        return self._groups.setdefault(name, Group(name, generation))


def _base(labels: Labels) -> str:
    """The target; without an instance it is a rule's result, and all of a name come together."""
    held = dict(labels)
    if "instance" in held:
        return f"remote/{held.get('job', '')}/{held['instance']}"
    return f"remote/{held[NAME]}"
