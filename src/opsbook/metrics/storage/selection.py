"""Matching series of a group, and whether their samples are still what they were."""

from dataclasses import dataclass

from opsbook.core.labels import Labels
from opsbook.metrics.storage.group import EVER, Group
from opsbook.metrics.storage.part import Ids


@dataclass(frozen=True, slots=True)
class Selection:
    """Matching series of one group."""

    group: Group
    ids: Ids
    labels: tuple[Labels, ...]
    twins: bool
    """Whether other groups may have some of these series too."""

    def mark(self, start: int, end: int) -> "Mark":
        """How it stands now, in a range of time. The caller holds the lock of the holdings."""
        group = self.group
        return Mark(self, start, end, group.epoch, len(group.changes), *_ends(group, start, end))


@dataclass(frozen=True, slots=True)
class Mark:
    """A selection in a range of time as it stood at one moment."""

    selection: Selection
    start: int
    end: int
    epoch: int
    changes: int
    oldest: int
    newest: int

    def holds(self, now: Selection) -> bool:
        """Whether reading it would give the same again. The caller holds the lock.

        A series that is new since has no sample in the range, or the group has changed there.
        """
        group = now.group
        return (
            group is self.selection.group
            and group.epoch == self.epoch
            and min(group.changes[self.changes :], default=self.end + 1) > self.end
            and _ends(group, self.start, self.end) == (self.oldest, self.newest)
        )


def _ends(group: Group, start: int, end: int) -> tuple[int, int]:
    """What retention took away at one end, and what came at the other."""
    first = group.parts[0].first if group.parts else group.first_row()
    oldest = EVER if first is None else max(first, start)
    return oldest, min(group.newest, end)
