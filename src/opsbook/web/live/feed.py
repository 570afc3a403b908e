"""The lines of runs, followed once however many pages follow them."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict

from opsbook.durable.port import DurableError, UnknownRunError
from opsbook.runbooks.model import Line
from opsbook.web.live.outbox import Outbox

logger = logging.getLogger(__name__)

Follow = Callable[[str, int], AsyncIterator[Line]]

MOST = 20
"""Runs that are followed at once: each looks into the database four times a second."""
_KEPT = 2_000
_KEPT_CHARACTERS = 1_000_000
_BATCH = 200
_BATCH_CHARACTERS = 65_536
_PAUSE = 0.1
"""Seconds after a batch: what prints without end must not take all the time that there is."""
_AGAIN = 1.0


class Feed:
    """One run from a position on, to all outboxes that want it; the latest lines are kept for
    those that come later."""

    def __init__(self, run: str, position: int, follow: Follow) -> None:
        self.run, self.start = run, position
        self.outboxes: set[Outbox] = set()
        self._follow, self._position = follow, position
        self._lines: deque[tuple[int, str]] = deque()
        self._characters = 0

    def add(self, outbox: Outbox, position: int) -> None:
        """`position` is not before `start`."""
        for at, text in self._lines:
            if at > position:
                outbox.put(text)
        self.outboxes.add(outbox)

    async def carry(self) -> None:
        """Until the run has ended, also while the database is away."""
        while True:
            try:
                await self._carry()
                break
            except UnknownRunError:
                break
            except DurableError as error:
                logger.warning("run %s is followed again soon: %s", self.run, error)
                await asyncio.sleep(_AGAIN)
            except Exception:  # a fault of our own must not leave pages waiting for ever
                logger.exception("run %s is not followed any more", self.run)
                break
        self._tell(json.dumps({"kind": "ended", "run": self.run}))

    async def _carry(self) -> None:
        count, characters = 0, 0
        async for line in self._follow(self.run, self._position):
            text = json.dumps({"kind": "line", "run": self.run, "line": asdict(line)})
            self._position = line.position
            self._keep(text)
            self._tell(text)
            count, characters = count + 1, characters + len(text)
            if count >= _BATCH or characters >= _BATCH_CHARACTERS:
                count, characters = 0, 0
                await asyncio.sleep(_PAUSE)

    def _keep(self, text: str) -> None:
        self._lines.append((self._position, text))
        self._characters += len(text)
        while len(self._lines) > _KEPT or self._characters > _KEPT_CHARACTERS:
            self.start, gone = self._lines.popleft()
            self._characters -= len(gone)

    def _tell(self, text: str) -> None:
        for outbox in self.outboxes:
            outbox.put(text)
