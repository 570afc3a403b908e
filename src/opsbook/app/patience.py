"""Waiting for Opsbook's own database instead of failing with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from opsbook.durable.port import DurableError, DurableFunction, Run
from opsbook.durable.values import Json

logger = logging.getLogger(__name__)

_TRY_AGAIN_AFTER = 1.0
_AWAY = (DurableError, OperationalError, InterfaceError)
T = TypeVar("T")


async def patiently(what: str, action: Callable[[], Awaitable[T]]) -> T:
    """The action's result, again and again until the database lets it through. The caller sets
    the deadline."""
    while True:
        try:
            return await action()
        except _AWAY as error:
            logger.warning("%s waits: %s", what, getattr(error, "orig", None) or error)
            await asyncio.sleep(_TRY_AGAIN_AFTER)


def patient(function: DurableFunction) -> DurableFunction:
    """A function of runs whose steps are carried out again while the database is away, as they
    would be after a crash. Their ends could not be recorded meanwhile in any case."""

    async def carry(run: Run, value: Json) -> Json:
        return await function(_PatientRun(run), value)

    return carry


class _PatientRun(Run):
    def __init__(self, run: Run) -> None:
        self.id, self.round, self.stopping = run.id, run.round, run.stopping
        self._run = run

    async def step(self, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
        what = f"run {self.id}, step {name}"
        return await self._run.step(name, lambda: patiently(what, action))

    async def wait_for(self, signal: str, within: float) -> Json:
        return await self._run.wait_for(signal, within)

    async def sleep(self, name: str, seconds: float) -> None:
        await self._run.sleep(name, seconds)
