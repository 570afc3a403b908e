"""Things that are read from a database: aside, so that no page waits for it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from opsbook.durable.port import DurableError

T = TypeVar("T")
logger = logging.getLogger(__name__)

_SHORTEST = 0.25
"""Seconds between two readings, however often somebody says that there is something new."""
_RESTS = 10
"""Times as long as a reading took: a database that is slow is not asked all the time."""
_RAREST = 10.0


class ReadAside(Generic[T]):
    """As they were when they were read last; None before the first time."""

    def __init__(
        self, what: str, read: Callable[[], Awaitable[Mapping[str, T]]], every: float
    ) -> None:
        self.things: Mapping[str, T] | None = None
        self.tried = asyncio.Event()
        """Whether a first reading has ended, well or not."""
        self._what, self._read, self._every = what, read, every
        self._nudged = asyncio.Event()
        self._trouble = ""

    def nudge(self) -> None:
        """There is something new."""
        self._nudged.set()

    async def run(self, arrived: Callable[[], None]) -> None:
        """Read until cancelled, also while the database is away: it comes back."""
        while True:
            self._nudged.clear()
            before, began = self.things, monotonic()
            await self._read_once()
            rest = min((monotonic() - began) * _RESTS, _RAREST)
            self.tried.set()
            if self.things != before:
                arrived()
            await asyncio.sleep(max(rest, _SHORTEST))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._nudged.wait()

    async def _read_once(self) -> None:
        try:
            self.things = await self._read()
            self._trouble = ""
        except (SQLAlchemyError, DurableError) as error:
            self._say(str(getattr(error, "orig", None) or error))
        except Exception as error:  # a fault of our own must not end what others are told
            if str(error) != self._trouble:
                logger.exception("%s: pages show them as they were", self._what)
            self._trouble = str(error)

    def _say(self, trouble: str) -> None:
        """Once for each trouble."""
        if trouble != self._trouble:
            logger.warning("%s: pages show them as they were: %s", self._what, trouble)
        self._trouble = trouble
