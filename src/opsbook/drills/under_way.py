"""Faults under way: recorded before they begin, and ended whatever dies in between."""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import Clock
from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import FaultError, Place
from opsbook.drills.order import Order
from opsbook.drills.settings import DrillSettings
from opsbook.drills.store import FaultRow, add_fault, faults_on, remove_fault
from opsbook.durable.jobs.directory import JobDirectory
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command, Outcome
from opsbook.state.chain import Entry
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_HOST = socket.gethostname()
_GRACE = 1.0
"""Seconds after a fault's time in which the drill itself may still end it."""
_TO_UNDO = 3600.0
"""Seconds for which the switch tries to end a fault."""
_KEPT = 86_400.0
_POLL = 0.01
_WITHIN = 5.0
"""Seconds to wait for the ledger: a full disk must not keep a fault from being ended."""


FAULTS = "faults"
"""The folder with a directory for each fault, named by its run."""


class FaultsUnderWay:
    """Knows each fault by three things: a row, a directory with the order how to end it, and a
    process that outlives us and ends it when its time is over."""

    def __init__(self, directory: Path, engine: Engine, ledger: Ledger, clock: Clock) -> None:
        """`directory` is private and survives the process."""
        self._directory = directory
        self._engine = engine
        self._ledger = ledger
        self._clock = clock
        self._jobs = Jobs(directory / "switches")
        self._failing: dict[str, str] = {}
        """Run → why it could not be ended the last time."""

    async def prepare(
        self,
        run: str,
        drill: str,
        settings: DrillSettings,
        process: Callable[[str], ProcessIdentity],
    ) -> None:
        """Nothing is hurt yet, and everything is ready to undo it. Raises FaultError."""
        order = self._order(run)
        await asyncio.to_thread(order.make)
        prepared = await settings.fault.prepare(Place(run, order.directory, process))
        until = self._clock.now() + settings.lasts
        row = FaultRow(run, _HOST, drill, settings.fault.subject, until)
        await asyncio.to_thread(add_fault, self._engine, row)
        await asyncio.to_thread(order.write, settings.kind, prepared)
        await self._arm(run, order.directory, until + _GRACE)

    async def begin(self, run: str) -> None:
        """Raises FaultError."""
        await self._order(run).begin()

    async def end(self, run: str, drill: str) -> None:
        """It is over when this returns. Raises FaultError, and then it is tried again later."""
        order = self._order(run)
        try:
            ours = await order.end()
        except FaultError as error:
            await self._told(run, drill, str(error))
            raise
        self._failing.pop(run, None)
        if ours or await self._is_known(run):
            await self._written(self._ledger.record("drill.undone", drill, run=run, here=ours))
            await self._forget(run)
        await asyncio.to_thread(order.remove)

    async def sweep(self, before: float | None = None) -> None:
        """End what is under way. `before` spares those that may last beyond that moment."""
        for row in await asyncio.to_thread(faults_on, self._engine, _HOST):
            if before is not None and row.until > before:
                continue
            try:
                await self.end(row.run, row.drill)
            except FaultError as error:
                logger.error("%s is still under way: %s", row.subject, error)
        try:
            await asyncio.to_thread(self._jobs.prune, self._clock.now() - _KEPT)
        except OSError as error:
            logger.warning("switches that have ended stay: %s", error)

    def close(self) -> None:
        """Let go of the switches; they go on."""
        self._jobs.close()

    async def _arm(self, run: str, directory: Path, until: float) -> None:
        """Return once the switch runs, or raise FaultError: without it nothing begins."""
        # Each attempt has a switch of its own: an earlier one may have fired meanwhile.
        job = f"{run}.{time.time_ns()}"
        words = [sys.executable, "-P", "-m", "opsbook.drills.switch", str(directory), str(until)]
        within = max(0.0, until - self._clock.now()) + _TO_UNDO
        command = Command(words, directory.parent, within)
        carrying = asyncio.create_task(self._jobs.carry_out(job, command))
        place = JobDirectory(self._directory / "switches" / job)
        try:
            while not carrying.done() and place.command() is None:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(_POLL)
            if carrying.done():
                raise FaultError(f"the dead man's switch does not run: {_why(carrying.result())}")
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)

    async def _told(self, run: str, drill: str, reason: str) -> None:
        """Once for each reason: it is tried again every few seconds."""
        if self._failing.get(run) != reason:
            self._failing[run] = reason
            await self._written(
                self._ledger.record("drill.undo_failed", drill, run=run, reason=reason)
            )

    async def _is_known(self, run: str) -> bool:
        try:
            rows = await asyncio.to_thread(faults_on, self._engine, _HOST)
        except SQLAlchemyError:
            return False
        return any(row.run == run for row in rows)

    async def _forget(self, run: str) -> None:
        try:
            await asyncio.to_thread(remove_fault, self._engine, run)
        except SQLAlchemyError as error:
            # It is over all the same; the next sweep finds nothing to end and removes the row.
            logger.warning("the row of %s stays: %s", run, getattr(error, "orig", None) or error)

    async def _written(self, entry: "asyncio.Future[Entry]") -> None:
        await asyncio.wait([entry], timeout=_WITHIN)

    def _order(self, run: str) -> Order:
        return Order(self._directory / FAULTS / run)


def _why(outcome: Outcome) -> str:
    return outcome.error or outcome.words or str(outcome.ending)


async def end_left_behind(directory: Path) -> list[str]:
    """End the faults of a process that died, without its database; returns their runs.

    Raises FaultError for one that cannot be ended. The next start takes it into the ledger.
    """
    found = await asyncio.to_thread(sorted, (directory / FAULTS).glob("*"))
    return [each.name for each in found if await Order(each).end()]
