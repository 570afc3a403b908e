"""Alerts from whatever thread they are found in → the event loop, and delivery."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts.model import Alert
from opsbook.core.clock import Clock

logger = logging.getLogger(__name__)

_MOST_WAITING = 100_000
_MOST_AT_ONCE = 5_000
_AGAIN = 5.0
"""Seconds until alerts that could not be written down are tried again."""

Put = Callable[[Sequence[Alert]], Awaitable[int]]
"""Takes alerts so that they survive the process; raises SQLAlchemyError."""

_Key = tuple[str, float, bool]


class Courier:
    """Hands alerts over in their order, and again until they are taken.

    An alert that is told again while it waits takes the place of what was told before, so that
    what waits does not grow with time.
    """

    def __init__(self, put: Put, clock: Clock, again: float = _AGAIN) -> None:
        self.lost = 0
        """Alerts for which there was no room. They are told again while they fire."""
        self.trouble: str | None = None
        """Why alerts wait, or None."""
        self._put, self._clock, self._again = put, clock, again
        self._waiting: dict[_Key, Alert] = {}
        self._on_the_way: dict[_Key, Alert] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Alerts that are not taken yet."""
        with self._lock:
            return len(self._waiting.keys() | self._on_the_way.keys())

    def send(self, alerts: Iterable[Alert]) -> None:
        """From any thread; returns at once."""
        keyed = [(_key(alert), alert) for alert in alerts]  # takes time: not under the lock
        with self._lock:
            for key, alert in keyed:
                if key in self._waiting or len(self._waiting) < _MOST_WAITING:
                    self._waiting[key] = alert
                else:
                    self.lost += 1
            if self._waiting and self._loop is not None:
                self._loop.call_soon_threadsafe(self._arrived.set)

    async def run(self) -> None:
        """Hand over until cancelled."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._arrived.set()
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._take():
                    await self._hand_over()
        finally:
            with self._lock:
                self._loop = None

    def _take(self) -> bool:
        """Whether there is anything to hand over."""
        with self._lock:
            keys = [key for key, _ in zip(self._waiting, range(_MOST_AT_ONCE), strict=False)]
            self._on_the_way = {key: self._waiting.pop(key) for key in keys}
            return bool(keys)

    async def _hand_over(self) -> None:
        now, batch = self._clock.now(), self._on_the_way
        try:
            await self._put([replace(alert, updated_at=now) for alert in batch.values()])
        except SQLAlchemyError as error:
            self.trouble = str(getattr(error, "orig", None) or error)
            logger.warning("%d alerts wait: %s", len(batch), self.trouble)
            with self._lock:
                self._waiting = {**batch, **self._waiting}
                self._on_the_way = {}
            await asyncio.sleep(self._again)
        else:
            self.trouble = None


def _key(alert: Alert) -> _Key:
    """An alert that fires, its end, and another occurrence of it are three things to tell."""
    return alert.fingerprint, alert.starts_at, alert.resolved(alert.updated_at)
