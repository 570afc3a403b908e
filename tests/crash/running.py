"""A whole watch, and runbooks on the real engine, within the process of a test."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.core.clock import Clock
from opsbook.durable.engines.dbos import DbosEngine
from opsbook.runbooks.interpreter import RUNS
from opsbook.runbooks.service import Runbooks
from opsbook.runbooks.settings import RunbookSettings
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger, read_entries
from opsbook.web.settings import WebSettings
from tests.runbooks.scene import Alone


@asynccontextmanager
async def running(book_file: Path, data: Path, clock: Clock | None = None) -> AsyncIterator[App]:
    app = App(read_book(book_file), DataDir(data), WebSettings(port=0), clock)
    task = asyncio.create_task(app.run())
    try:
        yield app
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await app.services.keepers["a"].controller.stop()
        app.close()


@asynccontextmanager
async def carrying(
    directory: Path, books: Mapping[str, RunbookSettings]
) -> AsyncIterator[tuple[Alone, Runbooks, DbosEngine]]:
    """Runbooks on the real engine, which has a clock of its own."""
    hands, state = Alone(directory), connect(sqlite_url(directory / "state.db"))
    ledger = Ledger(state, hands.clock)
    service = Runbooks(books, ["api"], hands, state, ledger, hands.clock)
    engine = DbosEngine(sqlite_url(directory / "runs.db"), service.functions, [RUNS])
    service.use(engine)
    await engine.open()
    try:
        yield hands, service, engine
    finally:
        await engine.close()
        hands.jobs.close()
        ledger.close()
        state.dispose()


def ledger_of(directory: Path, subject: str | None = None) -> Counter[str]:
    state = connect(sqlite_url(directory / "state.db"))
    try:
        with reading(state) as connection:
            return Counter(each.kind for each in read_entries(connection, subject=subject))
    finally:
        state.dispose()
