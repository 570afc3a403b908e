"""The application: a book, with every room built and connected."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from opsbook.alerts.settings import AlertSettings
from opsbook.app.alerts import Alerts
from opsbook.app.book import Book, dependencies, provers
from opsbook.app.collector import spare_the_collector
from opsbook.app.measuring import Measuring
from opsbook.app.prometheus import external_labels, prometheus_files
from opsbook.app.scribe import keep_record
from opsbook.core.clock import Clock, SystemClock, iso
from opsbook.core.events import Bus
from opsbook.core.labels import labels_of
from opsbook.probes.check import Check
from opsbook.probes.rules import parents
from opsbook.probes.watch import Watch
from opsbook.services.controller import Home
from opsbook.services.service import Services
from opsbook.state.chain import Verdict
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger, read_entries, verify
from opsbook.web.server import WebServer, address_of, create_api, listen
from opsbook.web.settings import WebSettings
from opsbook.web.status import StatusView
from opsbook.web.store_health import StoreHealth

logger = logging.getLogger(__name__)

_RELOADED = {"alerts", "rules"}
"""Sections of a book that are read again while it runs."""


class App:
    """One platform watched by one process, on one data directory."""

    def __init__(
        self, book: Book, data: DataDir, web: WebSettings | None = None, clock: Clock | None = None
    ) -> None:
        """Takes the data directory and the port. Raises BadInputError if it cannot."""
        self.book = book
        self.bus = Bus()
        self.clock = clock or SystemClock()
        self.data = data
        data.open(book.platform.name)
        try:
            self._engine = connect(sqlite_url(data.database))
            self.ledger = Ledger(self._engine, self.clock)
            self.watch = Watch(make_checks(book), self.bus, self.clock, book.maintenance)
            self.services = Services(
                book.services,
                self._home,
                self.watch,
                self.bus,
                self.ledger,
                self.clock,
                self._restarts,
            )
            web = web or book.web
            self._listener = listen(web)
            self.alerts = Alerts(
                book.alerts or AlertSettings(),
                labels_of(external_labels(book.scrape, prometheus_files(book.scrape))),
                self._engine,
                self.ledger,
                self.watch,
                self.bus,
                self.clock,
                address_of(self._listener, web.prefix),
            )
            self.measuring = Measuring(
                book, data.metrics, self.watch, self.bus, self.clock, self.alerts.groups
            )
            view = StatusView(
                book.platform.name,
                self.watch,
                self.services,
                self.ledger,
                StoreHealth(self.measuring.store, self.measuring.recorder, self.clock),
                self.alerts.health,
                self.clock,
            )
            self.view = view
            self.api = create_api(view, self.measuring.store, self.measuring.sources)
            for router in (*self.measuring.routers, *self.alerts.routers):
                self.api.include_router(router)
            self.web = WebServer(self.api, self._listener, web.prefix)
        except BaseException:
            data.close()
            raise
        keep_record(self.bus, self.ledger)

    async def run(self) -> None:
        """Watch until cancelled; the services go on. Nothing that was recorded is lost."""
        await self.measuring.start()
        spare_the_collector()
        self.data.announce(self.web.address)
        self.ledger.record("watch.started", self.book.platform.name, address=self.web.address)
        try:
            async with asyncio.TaskGroup() as group:
                for name, run in self._work.items():
                    group.create_task(run(), name=name)
                group.create_task(self.watch.run(), name="watch")
                group.create_task(self.services.run(), name="services")
                group.create_task(self.web.run(), name="web")
        finally:
            self.ledger.record("watch.stopped", self.book.platform.name)
            await self.ledger.flush(within=5)

    async def reload(self, book: Book) -> None:
        """Tell and evaluate by another book; the rest of it needs a restart, and that is said.

        Raises BadInputError, and then everything is as it was.
        """
        await self.alerts.reload(book.alerts or AlertSettings())
        await self.measuring.reload(book)
        # Not compared as objects: those of a running book remember what they did.
        wanted, running = (each.model_dump(exclude=_RELOADED) for each in (book, self.book))
        waiting = [name for name in wanted if wanted[name] != running.get(name)]
        if waiting:
            logger.warning("changed, and not in force until a restart: %s", ", ".join(waiting))
        self.ledger.record("book.reloaded", book.platform.name, not_in_force=waiting)

    @property
    def _work(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        troubles = {
            "ledger": lambda: self.ledger.trouble,
            "metrics": lambda: self.measuring.store.trouble,
        }
        return self.measuring.work | self.alerts.work(self.measuring.rules, troubles)

    def verify_ledger(self) -> Verdict:
        """Hold everything recorded until now against the chain. Blocks: call it in a thread."""
        return verify(self._engine)

    def close(self) -> None:
        """Write what waits; give the port and the data directory back."""
        self.web.close()
        self.measuring.close()
        self.ledger.close()
        self._engine.dispose()
        self.data.close()

    def _home(self, service: str) -> Home:
        return Home(self.book.platform.name, service, self.data.services, self.data.logs)

    def _restarts(self, service: str) -> list[float]:
        """When a service was restarted of late: a budget outlives the process that spends it."""
        per = self.book.services[service].restart.per
        since = iso(self.clock.now() - per)
        with reading(self._engine) as connection:
            entries = read_entries(connection, kind="service.restart", subject=service, since=since)
            return [datetime.fromisoformat(entry.at).timestamp() for entry in entries]


def make_checks(book: Book) -> list[Check]:
    """The checks of a book, each behind those that it depends on."""
    behind = parents(book.checks, dependencies(book), provers(book))
    return [Check(name, settings, behind[name]) for name, settings in book.checks.items()]
