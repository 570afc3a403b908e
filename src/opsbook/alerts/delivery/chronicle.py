"""Alerts that fired and ended, on their way into the ledger."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from opsbook.alerts.events import AlertFired, AlertResolved
from opsbook.alerts.model import Alert
from opsbook.alerts.said import say_ended, say_fires
from opsbook.state.ledger import Ledger

_MOST = 100_000
_AT_ONCE = 100
"""Entries that are made before others have their turn on the event loop."""
_ENOUGH = 1000
"""While so many wait for the disk, no more are made: a storm must not crowd out the rest."""
_PAUSE = 0.01
_LINGER = 1.0
"""Seconds after many alerts came for which more of them are waited for: both would write."""
_LONGEST = 5.0
"""Seconds after which nothing is waited for any more."""


class Chronicle:
    """Makes entries at the pace at which they are written: who sends alerts does not wait for
    that, for the alerts themselves are on disk. Others hear of them at the same pace."""

    def __init__(
        self, ledger: Ledger, announce: Callable[[object], None] = lambda event: None
    ) -> None:
        self._ledger, self._announce = ledger, announce
        self._news: deque[tuple[Alert, bool]] = deque()
        self._arrived = asyncio.Event()
        self._resume = self._since = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether something has not been recorded."""
        return bool(self._news)

    def hold(self) -> None:
        """Many alerts come: those who send them go first."""
        self._resume = time.monotonic() + _LINGER

    def nudge(self) -> None:
        """Go on: who sent what was added has an answer by now."""
        self._arrived.set()

    def fired(self, alert: Alert) -> None:
        self._add(alert, ended=False)

    def ended(self, alert: Alert) -> None:
        self._add(alert, ended=True)

    async def run(self) -> None:
        """Record until cancelled; then at once whatever is left."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._news:
                    may = self._ledger.waiting <= _ENOUGH and not self._held
                    self._record(_AT_ONCE if may else 0)
                    await asyncio.sleep(0 if may else _PAUSE)
        finally:
            self._record(len(self._news))

    @property
    def _held(self) -> bool:
        now = time.monotonic()
        return now < self._resume and now - self._since < _LONGEST

    def _add(self, alert: Alert, *, ended: bool) -> None:
        if not self._news:
            self._since = time.monotonic()
        self._news.append((alert, ended))
        if len(self._news) > _MOST:
            # The ledger counts what it has no room for.
            self._record(1)

    def _record(self, most: int) -> None:
        for _ in range(min(most, len(self._news))):
            alert, ended = self._news.popleft()
            if ended:
                self._record_end(alert)
            else:
                self._record_start(alert)

    def _record_start(self, alert: Alert) -> None:
        self._ledger.record(
            "alert.firing",
            alert.name or alert.fingerprint,
            also=(say_fires, alert),
            fingerprint=alert.fingerprint,
            labels=dict(alert.labels),
            annotations=dict(alert.annotations),
        )
        self._announce(AlertFired(alert))

    def _record_end(self, alert: Alert) -> None:
        self._ledger.record(
            "alert.resolved",
            alert.name or alert.fingerprint,
            also=(say_ended, alert),
            fingerprint=alert.fingerprint,
            labels=dict(alert.labels),
            lasted_seconds=round(alert.ends_at - alert.starts_at, 3),
        )
        self._announce(AlertResolved(alert))
