"""Whether samples reach the disk, and how many there are."""

import asyncio

from opsbook.core.aside import Aside
from opsbook.core.clock import Clock
from opsbook.metrics.recorder import Recorder
from opsbook.metrics.store import Stats, Store

_FRESH = 10.0
_PATIENCE = 2.0
"""Seconds that an answer waits for new counts; those of the last time do else."""
_REMEMBERED = 300.0
"""Seconds for which a loss counts as trouble."""


class StoreHealth:
    """Counts are looked up in a thread, and not for each who asks: that reads the directory."""

    def __init__(self, store: Store, recorder: Recorder, clock: Clock) -> None:
        self.stats: Stats | None = None
        """As they were lately; None before the first time."""
        self._store, self._recorder, self._clock = store, recorder, clock
        self._aside = Aside()
        self._looking: asyncio.Task[None] | None = None
        self._looked: float | None = None
        self._lost = 0
        self._lost_at: float | None = None

    @property
    def lost(self) -> int:
        """Outcomes whose samples are nowhere."""
        return self._recorder.lost

    @property
    def waiting(self) -> int:
        return self._recorder.waiting

    @property
    def trouble(self) -> str | None:
        """Why samples taken now might be lost, or that some were a moment ago."""
        said = self._store.trouble
        now = self._clock.monotonic()
        if self.lost > self._lost:
            self._lost, self._lost_at = self.lost, now
        if said is None and self._lost_at is not None and now - self._lost_at < _REMEMBERED:
            return f"the samples of {self._lost} outcomes are lost; the log says why"
        return said

    async def refresh(self) -> None:
        """Make `stats` at most some seconds old, unless the disk does not answer."""
        now = self._clock.monotonic()
        if self._looked is not None and now - self._looked < _FRESH:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.wait({self._looking}, timeout=_PATIENCE)

    async def _look(self) -> None:
        self.stats = await self._aside.run(self._store.stats)
        self._looked = self._clock.monotonic()
