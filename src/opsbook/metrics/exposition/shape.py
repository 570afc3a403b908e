"""A body that was read, to tell what has changed in the next one."""

from itertools import compress, count
from operator import itemgetter, ne

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.exposition.format import Format
from opsbook.metrics.exposition.model import NO_TIME, Exposition
from opsbook.metrics.exposition.scan import Scan
from opsbook.metrics.exposition.tails import read_tails
from opsbook.metrics.model import Times
from opsbook.probes.exposition import ExpositionError


class Shape:
    """The lines of one body, and what they meant.

    A line that is the same byte for byte means the same in the same place. So does one that
    begins with the same head and goes on with a value: the languages are read from left to
    right, and nothing behind a head changes what it says. All lines before it have been
    compared as well.
    """

    def __init__(self, format_: Format, lines: list[bytes], scan: Scan) -> None:
        first: dict[Labels, int] = {}
        for index, labels in enumerate(scan.series):
            first.setdefault(labels, index)
        self.format, self.known = format_, scan.known
        self.labels, self.metadata = tuple(first), scan.metadata
        self._repeated = len(scan.series) - len(first)
        self._kept = np.fromiter(first.values(), np.intp, len(first))
        self._lines, self._heads = lines, scan.heads
        self._samples = np.full(len(lines), -1, np.intp)
        self._samples[scan.lines] = np.arange(len(scan.lines))
        self._values, self._times = scan.values, scan.times

    def share(self, before: "Shape") -> None:
        """Give out the same objects as before where they say the same."""
        if self.labels == before.labels:
            self.labels = before.labels
        if self.metadata == before.metadata:
            self.metadata = before.metadata

    def exposition(self) -> Exposition:
        times = None if self._times is None else self._times[self._kept]
        if times is not None and (times == NO_TIME).all():
            times = None
        values = self._values[self._kept]
        return Exposition(self.labels, values, times, self.metadata, self._repeated)

    def update(self, lines: list[bytes]) -> bool:
        """Take the values of a body of this shape; False, and nothing taken, if it is not."""
        if len(lines) != len(self._lines):
            return False
        changed = list(compress(count(), map(ne, lines, self._lines)))
        if changed and not self._take(changed, _pick(changed, lines)):
            return False
        self._lines = lines
        return True

    def _take(self, changed: list[int], lines: list[bytes]) -> bool:
        heads = _pick(changed, self._heads)
        if not all(map(bytes.startswith, lines, heads)):
            return False
        try:
            values, times = read_tails(self.format, list(map(bytes.removeprefix, lines, heads)))
        except ExpositionError:
            return False
        where = self._samples[changed]
        self._values[where] = values
        self._times = _merged(self._times, where, times, len(self._values))
        return True


def _pick(indexes: list[int], lines: list[bytes]) -> list[bytes]:
    return list(itemgetter(*indexes)(lines)) if len(indexes) > 1 else [lines[indexes[0]]]


def _merged(old: Times | None, where: Times, new: Times | None, size: int) -> Times | None:
    if new is None and old is None:
        return None
    merged = np.full(size, NO_TIME) if old is None else old
    merged[where] = NO_TIME if new is None else new
    return merged
