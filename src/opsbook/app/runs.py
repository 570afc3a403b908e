"""Durable runs: carried while the process runs, drained at its end, forgotten after a month."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from sqlalchemy import Engine as Database
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from opsbook.app.patience import patient
from opsbook.core.clock import Clock
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.lock import TakenError
from opsbook.durable.model import Queue
from opsbook.durable.port import DurableError, DurableFunction, Engine
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.interpreter import VERSION
from opsbook.runbooks.service import Runbooks
from opsbook.runbooks.settings import RunbookSettings
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_KEPT = 30 * 86_400.0
_DAY = 86_400.0
_LOOK_EVERY = 30.0
_FAREWELL = 5.0
"""Seconds that steps under way have to end when the process is to end; what has not ended is
taken up again by the next one."""
_TRY_AGAIN_AFTER = 1.0
_PATIENCE = 5.0
"""Seconds for which a server may not have noticed yet that the carrier before has died."""


def make_engine(url: URL, queues: Sequence[Queue], name: str = "controller") -> Engine:
    """A carrier of runs without functions yet: they may need it themselves. Takes 0.4 s."""
    # DBOS costs that and 66 MB: only who carries runs shall pay for it.
    from opsbook.durable.engines.dbos import DbosEngine

    return DbosEngine(url, {}, queues, name, VERSION)


class DurableRuns:
    """The engine of one process, and the jobs that its steps started."""

    def __init__(self, engine: Engine, jobs: Jobs, clock: Clock) -> None:
        self.engine, self.jobs = engine, jobs
        self.opened = asyncio.Event()
        self.stranded: list[str] = []
        """Runs that another version began, and that nobody carries on by themselves."""
        self._clock = clock
        self._beforehand: list[Callable[[], Awaitable[None]]] = []
        self._first: list[Callable[[], Awaitable[None]]] = []
        self._not_open: str | None = "not opened yet"
        self._pruned: float | None = None

    @property
    def trouble(self) -> str | None:
        """Why runs may not be carried at the moment, or None."""
        return self._not_open or self.engine.trouble

    def carry(self, functions: Mapping[str, DurableFunction]) -> None:
        """Say what runs consist of, before `run`."""
        made = {name: patient(function) for name, function in functions.items()}
        self.engine.functions = {**self.engine.functions, **made}

    def beforehand(self, action: Callable[[], Awaitable[None]]) -> None:
        """Have something done before any run is carried."""
        self._beforehand.append(action)

    def at_first(self, action: Callable[[], Awaitable[None]]) -> None:
        """Have something done each time that runs begin to be carried."""
        self._first.append(action)

    async def run(self) -> None:
        """Carry runs until cancelled. Raises TakenError if another process carries them."""
        for action in (*self._beforehand, self.engine.open):
            await self._until_done(action)
        try:
            for action in self._first:
                await self._until_done(action)
            self._not_open = None
            self.opened.set()
            while True:
                await self._keep_house()
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            await self._close()

    async def _until_done(self, action: Callable[[], Awaitable[None]]) -> None:
        """Whatever the database does meanwhile: the watch goes on, and this is tried again."""
        deadline = self._clock.monotonic() + _PATIENCE
        while True:
            try:
                await action()
            except TakenError:
                if self._clock.monotonic() > deadline:
                    raise
            except (DurableError, SQLAlchemyError) as error:
                self._not_open = f"runs are not carried: {getattr(error, 'orig', None) or error}"
                logger.error(self._not_open)
            else:
                return
            await asyncio.sleep(_TRY_AGAIN_AFTER)

    async def _keep_house(self) -> None:
        try:
            self.stranded = [info.id for info in await self.engine.stranded()]
            now = self._clock.now()
            if self._pruned is None or now - self._pruned >= _DAY:
                await self.engine.prune(now - _KEPT)
                await asyncio.to_thread(self.jobs.prune, now - _KEPT)
                self._pruned = now
        except DurableError as error:
            logger.warning("runs were not looked after: %s", error)

    async def _close(self) -> None:
        self.opened.clear()
        if not await self.engine.drain(_FAREWELL):
            logger.warning("steps under way did not end; the next opsbook here takes them up")
        await self.engine.close()
        self.jobs.close()


def make_runbooks(
    runbooks: Mapping[str, RunbookSettings],
    services: Collection[str],
    hands: Hands,
    runs: DurableRuns,
    database: Database,
    ledger: Ledger,
    clock: Clock,
) -> Runbooks:
    """The room, carried by these runs. Steps for the host of this machine's own name stay here."""
    made = Runbooks(runbooks, services, hands, database, ledger, clock, socket.gethostname())
    made.use(runs.engine)
    runs.carry(made.functions)
    runs.at_first(made.open)
    return made
