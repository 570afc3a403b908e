"""One change at a time for each service, over all runs and hosts, whatever dies."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from opsbook.core.clock import Clock
from opsbook.runbooks.model import Waiting
from opsbook.runbooks.store import locks
from opsbook.state.database import reading

_LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Holder:
    """Who changes a service."""

    run: str
    step: str
    since: float


class Locks:
    """A lock belongs to a run, which may take it again further within; it is left behind only
    by a run that has ended, and then it is the next one's."""

    def __init__(
        self, engine: Engine, clock: Clock, ended: Callable[[str], Awaitable[bool]]
    ) -> None:
        """`ended` is whether a run has ended, or there is none."""
        self._engine = engine
        self._clock = clock
        self._ended = ended
        self.waiting: dict[str, Waiting] = {}
        """Runs that wait for a service, by id."""

    async def take(
        self,
        service: str,
        run: str,
        step: str,
        within: float,
        stopping: asyncio.Event,
        told: Callable[[Holder], Awaitable[None]],
    ) -> Holder:
        """The holder in the end: another one if that did not let go within so many seconds, or
        we are to stop. `told` hears once for whom we wait."""
        try:
            return await self._taken(service, run, step, within, stopping, told)
        finally:
            self.waiting.pop(run, None)

    async def _taken(
        self,
        service: str,
        run: str,
        step: str,
        within: float,
        stopping: asyncio.Event,
        told: Callable[[Holder], Awaitable[None]],
    ) -> Holder:
        deadline = time.monotonic() + within
        heard = False
        while True:
            holder = await asyncio.to_thread(self._take, service, run, step)
            if holder.run == run:
                return holder
            if await self._ended(holder.run):
                await asyncio.to_thread(self._drop, service, holder.run)
                continue
            if not heard:
                heard = True
                await told(holder)
            if stopping.is_set() or time.monotonic() >= deadline:
                return holder
            await self._wait(service, holder, run, step, deadline)

    async def _wait(
        self, service: str, holder: Holder, run: str, step: str, deadline: float
    ) -> None:
        now = self._clock.now()
        since = self.waiting[run].since if run in self.waiting else now
        until = now + deadline - time.monotonic()
        what = f"service {service}, which run {holder.run} changes ({holder.step})"
        self.waiting[run] = Waiting(what, "service", since, until, step)
        await asyncio.sleep(_LOOK_EVERY)

    async def release(self, service: str, run: str, step: str) -> None:
        """Nothing if this step of this run does not hold it."""
        await asyncio.to_thread(self._release, service, run, step)

    async def release_all(self, run: str) -> None:
        await asyncio.to_thread(self._release_all, run)

    async def holder(self, service: str) -> Holder | None:
        return await asyncio.to_thread(self._holder, service)

    def _take(self, service: str, run: str, step: str) -> Holder:
        row = {"service": service, "run": run, "step": step, "taken_at": self._clock.now()}
        while True:
            if (holder := self._holder(service)) is not None:
                return holder
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(locks), row)
            except IntegrityError:
                continue  # another run was faster

    def _holder(self, service: str) -> Holder | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(locks).where(locks.c.service == service)).first()
        return Holder(row.run, row.step, row.taken_at) if row else None

    def _drop(self, service: str, run: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(locks).where(locks.c.service == service, locks.c.run == run))

    def _release(self, service: str, run: str, step: str) -> None:
        with self._engine.begin() as connection:
            mine = (locks.c.service == service, locks.c.run == run, locks.c.step == step)
            connection.execute(delete(locks).where(*mine))

    def _release_all(self, run: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(locks).where(locks.c.run == run))
