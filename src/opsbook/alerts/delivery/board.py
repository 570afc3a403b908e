"""The alerts that are known now, merged as they come."""

from collections.abc import Iterable
from dataclasses import replace

from opsbook.alerts.model import Alert, compute_fingerprints

MOST = 100_000
"""Alerts that are held at once; further ones are refused until some have ended."""


def merged(old: Alert, new: Alert) -> Alert:
    """Two reports of one alert whose times overlap, as one.

    It started with the earlier one, and says what the later one said. Of ends, an explicit one
    of a firing alert outweighs one that was only assumed; of two that have passed the later.
    """
    if new.updated_at < old.updated_at:
        old, new = new, old
    ends = new.ends_at
    if new.resolved(new.updated_at):
        if old.resolved(new.updated_at):
            ends = max(old.ends_at, new.ends_at)
    elif old.ends_at > new.ends_at and not old.timeout:
        ends = old.ends_at
    return replace(new, starts_at=min(old.starts_at, new.starts_at), ends_at=ends)


def joined(old: Alert | None, new: Alert) -> Alert:
    """What is known after a report: of the same occurrence if their times overlap."""
    return merged(old, new) if old is not None and _overlap(old, new) else new


class Board:
    """One alert for each set of labels."""

    def __init__(self, alerts: Iterable[Alert] = ()) -> None:
        self.alerts: dict[str, Alert] = {alert.fingerprint: alert for alert in alerts}

    def merge(self, alert: Alert) -> Alert:
        """What `take` would hold: nothing changes yet."""
        return joined(self.alerts.get(alert.fingerprint), alert)

    def take(self, alert: Alert) -> Alert | None:
        """Hold an alert; the one that was held before, if any."""
        before = self.alerts.get(alert.fingerprint)
        self.alerts[alert.fingerprint] = alert
        return before

    def shift(self, seconds: float, now: float) -> list[Alert]:
        """The clock was set by so many seconds: what fires has as long to go as it had."""
        firing = [alert for alert in self.alerts.values() if not alert.resolved(now - seconds)]
        shifted = [_later(alert, seconds) for alert in firing]
        compute_fingerprints(shifted)
        self.alerts.update((alert.fingerprint, alert) for alert in shifted)
        return shifted

    def forget_ended(self, before: float) -> list[Alert]:
        """Let go of alerts that ended before then."""
        gone = [alert for alert in self.alerts.values() if alert.ends_at <= before]
        for alert in gone:
            del self.alerts[alert.fingerprint]
        return gone


def _later(alert: Alert, seconds: float) -> Alert:
    return replace(alert, ends_at=alert.ends_at + seconds, updated_at=alert.updated_at + seconds)


def _overlap(old: Alert, new: Alert) -> bool:
    """An alert that begins after the other has ended is another occurrence of it."""
    return old.starts_at < new.ends_at < old.ends_at or old.starts_at < new.starts_at < old.ends_at
