"""The agent of one further host: carries out the steps that runbooks have for it."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.app.book import Book
from opsbook.app.remote_hands import RemoteHands
from opsbook.app.runs import DurableRuns, make_engine
from opsbook.core.clock import Clock, SystemClock
from opsbook.core.errors import BadInputError, hint_for
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.model import Queue
from opsbook.durable.port import DurableFunction
from opsbook.probes.check import Check
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.hosts import queue_of
from opsbook.runbooks.interpreter import step_functions
from opsbook.runbooks.output import Output
from opsbook.state.database import connect
from opsbook.state.datadir import DataDir
from opsbook.state.hosts import beat, say_hello

logger = logging.getLogger(__name__)

_BEAT_EVERY = 5.0

MakeFunctions = Callable[[Hands], Mapping[str, DurableFunction]]


class Agent:
    """Takes steps from the queue of its host, in the database that the book names."""

    def __init__(
        self,
        book: Book,
        host: str,
        data: DataDir,
        make: MakeFunctions = step_functions,
        clock: Clock | None = None,
    ) -> None:
        """Takes the data directory. `make` makes what steps consist of. Raises BadInputError."""
        _check(book, host)
        self.host, self._clock = host, clock or SystemClock()
        self._checks = {name: Check(name, settings) for name, settings in book.checks.items()}
        self._data = data
        data.open(book.platform.name)
        try:
            url = book.state.url(data.database)
            self._state: Engine = connect(url, migrate=False)
            queue = queue_of(host)
            self.runs = DurableRuns(
                make_engine(url, [Queue(queue, poll=0.25)], queue), Jobs(data.jobs), self._clock
            )
        except BaseException:
            data.close()
            raise
        directory = str(book.directory)
        output = Output(self._state)
        self.hands = RemoteHands(host, self._checks, self.runs.jobs, directory, self._clock, output)
        self.runs.carry(make(self.hands))

    async def run(self) -> None:
        """Carry out steps until cancelled; commands go on and are taken up by the next agent.

        Raises TakenError where the host has an agent already.
        """
        beating = asyncio.create_task(self._beat(), name="beat")
        try:
            await self.runs.run()
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            for check in self._checks.values():
                await check.probe.close()

    def close(self) -> None:
        """Give the data directory back."""
        self._state.dispose()
        self._data.close()

    async def _beat(self) -> None:
        """From when this is the one agent of its host: another must not speak in its name."""
        await self.runs.opened.wait()
        write = say_hello
        while True:
            try:
                await asyncio.to_thread(write, self._state, self.host)
                write = beat
            except SQLAlchemyError as error:
                logger.warning("no word could be left: %s", getattr(error, "orig", error))
            await asyncio.sleep(_BEAT_EVERY)


def _check(book: Book, host: str) -> None:
    if not book.state.shared:
        raise BadInputError(
            "an agent takes its steps from a database that it shares with `opsbook up`, and "
            "SQLite is a file of one machine; name a PostgreSQL database in `state: database`"
        )
    if host not in book.hosts:
        hint = hint_for(host, book.hosts)
        raise BadInputError(f"no such host in the book's `hosts` (got {host!r}): {hint}")
