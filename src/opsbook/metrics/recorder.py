"""Outcomes of checks → samples, under the names that `/metrics` shows."""

import asyncio
import logging
import threading
from collections import deque
from itertools import chain

import numpy as np

from opsbook.core.events import Bus
from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.model import STALE
from opsbook.metrics.store import Layout, Store, StoreError, TooManySeriesError
from opsbook.probes.events import OutcomeTaken
from opsbook.probes.model import Outcome, State
from opsbook.probes.watch import Watch

logger = logging.getLogger(__name__)

_EVERY = 1.0
"""Samples are written in groups: the event loop never waits for the disk."""
_MOST_WAITING = 200_000

_Taken = tuple[str, State, Outcome]


class Recorder:
    """Keeps each outcome's state, duration and measurements, a second after it was taken."""

    def __init__(self, store: Store, watch: Watch, bus: Bus) -> None:
        self.lost = 0
        """Outcomes that found no room in memory, or that the store refused."""
        self._store = store
        self._watch = watch
        self._waiting: deque[_Taken] = deque()
        self._writing = threading.Lock()
        self._layouts: dict[str, Layout] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        bus.subscribe(OutcomeTaken, self._outcome_taken)

    @property
    def waiting(self) -> int:
        """Outcomes not yet in the store."""
        return len(self._waiting)

    async def run(self) -> None:
        """Write until cancelled, then what is left."""
        try:
            while True:
                await asyncio.sleep(_EVERY)
                await asyncio.to_thread(self._write)
        finally:
            self._write()

    def _outcome_taken(self, event: OutcomeTaken) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append((event.check, self._watch.checks[event.check].state, event.outcome))

    def _write(self) -> None:
        # Cancelling who waits for the thread does not end it; the store takes one at a time.
        with self._writing:
            self._write_all()

    def _write_all(self) -> None:
        while self._waiting:
            taken = self._waiting.popleft()
            try:
                self._append(*taken)
            except (StoreError, TooManySeriesError) as error:
                self.lost += 1
                logger.warning("samples of check %s are lost: %s", taken[0], error)
            except Exception:  # a fault of our own must not end the watch
                self.lost += 1
                logger.exception("samples of check %s are lost", taken[0])

    def _append(self, check: str, state: State, outcome: Outcome) -> None:
        measured = {
            name: float(value)
            for name, value in outcome.measurements.items()
            if not isinstance(value, str)
        }
        at = int(outcome.at * 1000)
        columns = tuple(measured)
        if self._columns.get(check) != columns:
            self._change_layout(check, columns, at)
        states = (float(state is each) for each in State)
        row = np.fromiter(chain(states, (outcome.duration,), measured.values()), np.float64)
        self._store.append_row(self._layouts[check], at, row)

    def _change_layout(self, check: str, columns: tuple[str, ...], at: int) -> None:
        """Other measurements than before: what is not measured any more has ended."""
        before = self._layouts.get(check)
        labels = self._labels(check, columns)
        self._layouts[check] = self._store.layout(f"check/{check}", labels)
        self._columns[check] = columns
        ended = set(before.labels) - set(labels) if before else set()
        if ended:
            self._store.append(f"check/{check}", at, dict.fromkeys(ended, float(STALE)))

    def _labels(self, check: str, columns: tuple[str, ...]) -> tuple[Labels, ...]:
        own = {"check": check, "service": self._watch.checks[check].settings.service or ""}
        states = [{NAME: "opsbook_check_state", **own, "state": each.value} for each in State]
        duration = {NAME: "opsbook_check_duration_seconds", **own}
        measured = [
            {NAME: "opsbook_check_measurement", **own, "measurement": name} for name in columns
        ]
        return tuple(map(labels_of, [*states, duration, *measured]))
