"""The application: a book, with every room built and connected."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from opsbook.alerts.settings import AlertSettings
from opsbook.app.alerts import Alerts
from opsbook.app.backups import keep_backups, make_backups
from opsbook.app.book import Book, dependencies, provers
from opsbook.app.collector import spare_the_collector
from opsbook.app.databases import keep_maintained, make_databases
from opsbook.app.drills import carry_drills, make_drills, undo_without_drills
from opsbook.app.front import Front
from opsbook.app.hands import AppHands, Rooms
from opsbook.app.incidents import make_incidents
from opsbook.app.measuring import Measuring
from opsbook.app.prometheus import external_labels, prometheus_files
from opsbook.app.recovery import runbooks_of
from opsbook.app.response import make_responses
from opsbook.app.runs import DurableRuns, make_engine, make_runbooks
from opsbook.app.scribe import keep_record
from opsbook.app.state import State
from opsbook.backups.service import QUEUE as BACKUPS
from opsbook.core.clock import Clock, SystemClock, iso
from opsbook.core.errors import OpsbookError
from opsbook.core.events import Bus
from opsbook.core.labels import labels_of
from opsbook.databases.service import QUEUE as DATABASES
from opsbook.drills.service import QUEUE as DRILLS
from opsbook.durable.jobs.jobs import Jobs
from opsbook.probes.check import Check
from opsbook.probes.rules import parents
from opsbook.probes.watch import Watch
from opsbook.runbooks.agents import Agents
from opsbook.runbooks.interpreter import RUNS
from opsbook.runbooks.service import Runbooks
from opsbook.services.controller import Home
from opsbook.services.service import Services
from opsbook.state.chain import Verdict
from opsbook.state.database import reading, sqlite_url
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger, read_entries, verify
from opsbook.web.server import WebServer, listen, public_address_of
from opsbook.web.settings import WebSettings

logger = logging.getLogger(__name__)

_RELOADED = {"alerts", "rules", "runbooks", "recovery", "dashboards"}
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
        with ExitStack() as given_back:
            given_back.callback(data.close)
            self.state = State(book.state, data.database, book.platform.name)
            given_back.callback(self.state.close)
            self.engine = self.state.engine
            self.ledger = Ledger(self.engine, self.clock)
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
                self.engine,
                self.ledger,
                self.watch,
                self.bus,
                self.clock,
                public_address_of(self._listener, web),
            )
            self.incidents, self.incident_paths = make_incidents(
                book.incidents,
                dependencies(book),
                self.watch,
                self.services,
                self.alerts.delivery,
                self.engine,
                self.ledger,
                self.bus,
                self.clock,
            )
            self.measuring = Measuring(
                book, data.metrics, self.watch, self.bus, self.clock, self.alerts.groups
            )
            self.runs = self._durable_runs()
            self.databases = make_databases(
                book.databases,
                self.measuring.store,
                self.runs,
                self.engine,
                self.ledger,
                self.clock,
            )
            self.backups = make_backups(
                book.backups,
                book.platform.name,
                self.runs,
                data,
                self.engine,
                self.ledger,
                self.clock,
            )
            self.runbooks = self._runbooks(self.runs) if self.runs is not None else None
            self.responses = make_responses(
                book,
                self.incidents,
                self.alerts.delivery,
                self.runbooks,
                self.runs,
                self.services,
                self.engine,
                self.ledger,
                self.bus,
                self.clock,
            )
            self.drills = make_drills(
                book.drills,
                book.in_production,
                data,
                self.watch,
                self.services,
                self.engine,
                self.ledger,
                self.bus,
                self.clock,
            )
            if self.runs is not None and self.runbooks is not None:
                carry_drills(self.drills, self.runs, self.runbooks)
            self.agents = Agents(book.hosts, self.engine, self.ledger, self.clock)
            self.front = Front(self, self._listener, web)
            given_back.callback(self.front.sign_in.close)
            given_back.pop_all()
        keep_record(self.bus, self.ledger)

    @property
    def web(self) -> WebServer:
        """Where it answers."""
        return self.front.server

    async def run(self, begun: Callable[[], None] = lambda: None) -> None:
        """Watch until cancelled; the services go on. Nothing that was recorded is lost.

        `begun` is called once others can find out where it answers.
        """
        await self.measuring.start()
        spare_the_collector()
        self.data.announce(self.web.address)
        begun()
        self.ledger.record("watch.started", self.book.platform.name, address=self.web.address)
        try:
            async with asyncio.TaskGroup() as group:
                for name, run in self._work.items():
                    group.create_task(run(), name=name)
                group.create_task(self.watch.run(), name="watch")
                group.create_task(self.services.run(), name="services")
                group.create_task(self.incidents.run(), name="incidents")
                group.create_task(self.state.run(), name="state")
                group.create_task(self.agents.run(), name="agents")
                group.create_task(self._drill(), name="drills")
                group.create_task(keep_backups(self.backups, self.runs), name="backups")
                group.create_task(self.databases.run(), name="databases")
                maintained = keep_maintained(self.databases, self.runs)
                group.create_task(maintained, name="maintained databases")
                if self.responses is not None:
                    group.create_task(self.responses.run(), name="responses")
                group.create_task(self.front.live.run(), name="live")
                group.create_task(self.web.run(), name="web")
                if self.runs is not None:
                    # Here, so that it ends first: steps under way need the others to end well.
                    await self.runs.run()
        except ExceptionGroup as group:
            raise _foremost(group) from None
        finally:
            self.front.sign_in.access.refusals.close()
            self.ledger.record("watch.stopped", self.book.platform.name)
            await self.ledger.flush(within=5)

    async def reload(self, book: Book) -> None:
        """Tell and evaluate by another book; the rest of it needs a restart, and that is said.

        Raises BadInputError, and then everything is as it was.
        """
        self.web.renew()
        await self.alerts.reload(book.alerts or AlertSettings())
        await self.measuring.reload(book)
        self.front.dashboards.patterns = book.dashboards
        if self.runbooks is not None:
            self.runbooks.replace(runbooks_of(book), list(self.book.services))
        # Not compared as objects: those of a running book remember what they did.
        wanted, running = (each.model_dump(exclude=_RELOADED) for each in (book, self.book))
        waiting = [name for name in wanted if wanted[name] != running.get(name)]
        if self.runbooks is None and book.runbooks:
            waiting.append("runbooks")
        if waiting:
            logger.warning("changed, and not in force until a restart: %s", ", ".join(waiting))
        self.ledger.record("book.reloaded", book.platform.name, not_in_force=waiting)

    @property
    def _work(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        troubles = {
            "ledger": lambda: self.ledger.trouble,
            "metrics": lambda: self.measuring.store.trouble,
            "state": lambda: self.state.trouble,
            "incidents": lambda: self.incidents.trouble,
        }
        return self.measuring.work | self.alerts.work(self.measuring.rules, troubles)

    def verify_ledger(self) -> Verdict:
        """Hold everything recorded until now against the chain. Blocks: call it in a thread."""
        return verify(self.engine)

    def close(self) -> None:
        """Write what waits; give the port and the data directory back."""
        self.web.close()
        self.front.sign_in.close()
        self.drills.close()
        self.backups.close()
        self.measuring.close()
        self.ledger.close()
        self.state.close()
        self.data.close()

    def _durable_runs(self) -> DurableRuns | None:
        """None where the book has nothing to run: the engine costs time and memory."""
        book = self.book
        maintained = any(each.maintain for each in book.databases.values())
        if not (book.runbooks or book.drills or book.backups or maintained):
            return None
        url = self.state.url if book.state.shared else sqlite_url(self.data.runs)
        engine = make_engine(url, [RUNS, DRILLS, BACKUPS, DATABASES])
        return DurableRuns(engine, Jobs(self.data.jobs), self.clock)

    async def _drill(self) -> None:
        """Also where the book has no drills any more: what an earlier one hurt is undone."""
        if self.runs is None:
            await undo_without_drills(self.data)
        else:
            await self.runs.opened.wait()
            await self.drills.run()

    def _runbooks(self, runs: DurableRuns) -> Runbooks:
        rooms = Rooms(
            self.watch,
            self.measuring.querier,
            self.services,
            self.alerts.delivery,
            self.backups,
        )
        hands = AppHands(rooms, runs.jobs, str(self.book.directory), self.clock)
        return make_runbooks(
            runbooks_of(self.book),
            list(self.book.services),
            hands,
            runs,
            self.engine,
            self.ledger,
            self.clock,
        )

    def _home(self, service: str) -> Home:
        return Home(self.book.platform.name, service, self.data.services, self.data.logs)

    def _restarts(self, service: str) -> list[float]:
        """When a service was restarted of late: a budget outlives the process that spends it."""
        per = self.book.services[service].restart.per
        since = iso(self.clock.now() - per)
        with reading(self.engine) as connection:
            entries = read_entries(connection, kind="service.restart", subject=service, since=since)
            return [datetime.fromisoformat(entry.at).timestamp() for entry in entries]


def _foremost(group: ExceptionGroup) -> Exception:
    """What a person can mend, where it is among what ended the watch."""
    for error in group.exceptions:
        if isinstance(error, OpsbookError):
            return error
    return group


def make_checks(book: Book) -> list[Check]:
    """The checks of a book, each behind those that it depends on."""
    behind = parents(book.checks, dependencies(book), provers(book))
    return [Check(name, settings, behind[name]) for name, settings in book.checks.items()]
