"""The entries of one service, and the numbers of those that tell its latest story."""

import asyncio
import logging
from typing import Any

from opsbook.state.chain import Entry
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_WRITTEN_WITHIN = 1.0
"""How long anything waits for its entry to be on disk: a full disk must not stop a restart."""


class ServiceLedger:
    """Writes about one service, and remembers what it wrote since its trouble began."""

    def __init__(self, ledger: Ledger, service: str) -> None:
        self._ledger = ledger
        self._service = service
        self._entries: list[asyncio.Future[Entry]] = []

    def begin(self) -> None:
        """What follows is another story."""
        self._entries = []

    def record(self, kind: str, actor: str = "opsbook", **body: Any) -> None:
        """Write it down, without waiting until it is on disk."""
        self._entries.append(self._ledger.record(kind, self._service, actor, **body))

    async def written(self) -> None:
        """Have it on disk before going on, but never let a full disk stop a restart."""
        _, late = await asyncio.wait(self._entries, timeout=_WRITTEN_WITHIN)
        if late:
            logger.warning("%d entries of %s are not on disk yet", len(late), self._service)

    @property
    def evidence(self) -> tuple[int, ...]:
        """Numbers of the entries of this story that are on disk."""
        return tuple(entry.result().seq for entry in self._entries if entry.done())
