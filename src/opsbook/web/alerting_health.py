"""Whether alerts reach people, and how many there are."""

import asyncio
from collections import Counter

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.rules.courier import Courier
from opsbook.core.clock import Clock

_FRESH = 10.0
_PATIENCE = 2.0
"""Seconds that an answer waits for new counts; those of the last time do else."""
_AT_ONCE = 200
"""Alerts that are looked at before others have their turn on the event loop."""


class AlertingHealth:
    """Why each alert is quiet is not asked for each who wants counts: there may be very many."""

    def __init__(self, alerting: Alerting, courier: Courier, clock: Clock) -> None:
        self.alerting = alerting
        self.alerts: dict[str, int] | None = None
        """State → alerts, as it was lately; None before the first time."""
        self._courier, self._clock = courier, clock
        self._counting: asyncio.Task[None] | None = None
        self._counted: float | None = None

    @property
    def trouble(self) -> str | None:
        """Why alerts wait that people should hear of, or None."""
        return self.alerting.trouble or self.alerting.outbox.trouble or self._courier.trouble

    @property
    def refused(self) -> int:
        """Alerts for which there was no room."""
        return self.alerting.refused + self._courier.lost

    @property
    def silences(self) -> dict[str, int]:
        """State → silences."""
        now = self._clock.now()
        found = Counter(silence.state(now) for silence in self.alerting.silences)
        return {state: found[state] for state in ("active", "pending", "expired")}

    @property
    def undelivered(self) -> int:
        """Notices that wait or are on their way."""
        return len(self.alerting.outbox.undelivered)

    @property
    def oldest_seconds(self) -> float:
        """For how long the oldest of them has waited; 0 where there is none."""
        oldest = self.alerting.outbox.oldest
        return 0.0 if oldest is None else max(self._clock.now() - oldest, 0.0)

    async def refresh(self) -> None:
        """Make `alerts` at most some seconds old, unless counting takes long."""
        now = self._clock.monotonic()
        if self._counted is not None and now - self._counted < _FRESH:
            return
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
        await asyncio.wait({self._counting}, timeout=_PATIENCE)

    async def _count(self) -> None:
        now = self._clock.now()
        found = {"active": 0, "suppressed": 0}
        for number, alert in enumerate(tuple(self.alerting.board.alerts.values()), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if not alert.resolved(now):
                found["suppressed" if self.alerting.muting(alert) else "active"] += 1
        self.alerts, self._counted = found, self._clock.monotonic()
