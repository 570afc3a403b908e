"""Which alerts of a rule were active before a restart, from the series that it kept of them.

Specification: how Prometheus restores the `for` state, with its outage tolerance and its grace
period. Beyond it, alerts with a `for` below the grace period go on where they were as well.
Times are ms since 1970.
"""

from dataclasses import dataclass

from opsbook.core.labels import NAME, Labels, format_labels
from opsbook.metrics.rules.rule import Ask

_TOLERATED = "1h"
"""An outage that was longer says nothing of now."""
_GRACE = 600_000
"""A `for` of at least so long is not over sooner than this after a restart."""
_LOOKBACK = 240_000
"""Less than the time for which a sample stands: if it still does, nothing has ended the series."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """An alert that was active at the last evaluation of an earlier life."""

    active_since: int
    seen_at: int
    hold: int

    @property
    def fired(self) -> bool:
        return self.seen_at - self.active_since >= self.hold

    def active_at(self, now: int) -> int:
        """Since when it counts as active: nobody looked while we were away."""
        if self.fired:
            return self.active_since
        left = self.hold - (self.seen_at - self.active_since)
        if left < _GRACE <= self.hold:
            return now + _GRACE - self.hold
        return self.active_since + now - self.seen_at


def remember(series: Labels, hold: int, at: int, offset: int, ask: Ask) -> dict[Labels, Remembered]:
    """By the labels of the alerts. `series` are labels that their `ALERTS_FOR_STATE` have, and
    `offset` is how far before the present it is written. Raises QueryError."""
    selector = format_labels(series)
    found = ask(f"{selector}[{_TOLERATED}]", at).series
    if not found:
        return {}
    last = max(int(one.times[-1]) for one in found)
    standing = {one.labels for one in ask(selector, min(last + _LOOKBACK, at)).series}
    return {
        tuple(pair for pair in one.labels if pair[0] != NAME): Remembered(
            int(one.values[-1]) * 1000, last + offset, hold
        )
        for one in found
        if int(one.times[-1]) == last and one.labels in standing
    }
