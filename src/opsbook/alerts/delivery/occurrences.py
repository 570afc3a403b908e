"""Each time that an alert fires and ends: said once each, whatever dies in between."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from opsbook.alerts.delivery.chronicle import Chronicle
from opsbook.alerts.model import Alert
from opsbook.alerts.said import Said


class Occurrences:
    """Built on what the ledger says at the start."""

    def __init__(self, said: Mapping[str, Said], chronicle: Chronicle) -> None:
        self._said, self._chronicle = said, chronicle
        self._firing: set[str] = set()
        """Fingerprints of what was said to fire, and was not yet said to have ended."""
        self._ended: list[Alert] = []

    def restored(self, alert: Alert, until: float) -> Alert:
        """An alert that fired when it was last heard of fires still, until its sender has had
        time to say otherwise: nobody could have told us while we were away."""
        said = self._said.get(alert.fingerprint)
        if said is not None and said.over(alert):
            return alert
        if alert.resolved(alert.updated_at):
            return alert
        return replace(alert, ends_at=max(alert.ends_at, until))

    def carry_on(self, alerts: Iterable[Alert], now: float) -> None:
        """Say what an earlier life could not say any more. What is over is looked after again."""
        for alert in alerts:
            said = self._said.get(alert.fingerprint)
            if said is not None and said.of_earlier(alert):
                # When exactly that one ended was not kept: before this one began.
                earlier = replace(alert, starts_at=said.starts_at, ends_at=alert.starts_at)
                self._chronicle.ended(earlier)
            elif said is not None and said.ends_at is None:
                self._firing.add(alert.fingerprint)
            elif alert.resolved(now):
                self._ended.append(alert)
            self._begin(alert, now)
        self._said = {}
        self._chronicle.nudge()

    def count(self, before: Alert | None, alert: Alert, now: float) -> None:
        """An alert is another than it was `before`."""
        number = alert.fingerprint
        if before is not None and number in self._firing and alert.starts_at > before.ends_at:
            # It ended and fires again, all since the last look.
            self._end(before)
        self._begin(alert, now)

    def over(self, alerts: Mapping[str, Alert], now: float) -> list[Alert]:
        """Those that have ended since this was asked last; from now on it is said."""
        for number in tuple(self._firing):
            if alerts[number].resolved(now):
                self._end(alerts[number])
        ended, self._ended = self._ended, []
        if ended:
            self._chronicle.nudge()
        return ended

    def firing(self, alerts: Mapping[str, Alert]) -> list[Alert]:
        return [alerts[number] for number in self._firing]

    def _begin(self, alert: Alert, now: float) -> None:
        if not alert.resolved(now) and alert.fingerprint not in self._firing:
            self._firing.add(alert.fingerprint)
            self._chronicle.fired(alert)

    def _end(self, alert: Alert) -> None:
        self._firing.discard(alert.fingerprint)
        self._ended.append(alert)
        self._chronicle.ended(alert)
