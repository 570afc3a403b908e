"""Incidents on a clock that is moved by hand, with checks whose outcomes are given."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.app.app import make_checks
from opsbook.app.book import read_book
from opsbook.core.clock import ManualClock
from opsbook.core.events import Bus
from opsbook.core.labels import labels_of
from opsbook.incidents.events import IncidentEvent
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.model import Incident
from opsbook.incidents.service import Incidents
from opsbook.incidents.settings import IncidentSettings
from opsbook.probes.model import Outcome, State
from opsbook.probes.watch import Watch
from opsbook.services.events import NeedsPerson
from opsbook.services.service import Services
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from tests.alerts.delivery.scene import NOW, Memory, setup
from tests.book.books import write_book

BOOK = """
platform: {name: small}
services:
  db: {process: {command: [db]}}
  api: {process: {command: [api]}, depends_on: [db]}
  web: {process: {command: [web]}, depends_on: [api]}
  mail: {process: {command: [mail]}}
checks:
  db-answers: {service: db, tcp: {host: 127.0.0.1, port: 1}}
  api-answers: {service: api, tcp: {host: 127.0.0.1, port: 1}}
"""
DEPENDS_ON = {"db": [], "api": ["db"], "web": ["api"], "mail": []}
ESCALATION: dict[str, Any] = {
    "contacts": {"ada": {"receiver": "team"}, "bob": {"receiver": "boss"}},
    "escalation": [
        {"name": "L1", "contacts": ["ada"]},
        {"name": "L2", "contacts": ["bob"], "after": "15m"},
        {"name": "L3", "contacts": ["ada", "bob"], "after": "1h"},
    ],
}


class Scene:
    """One life of incidents, or several one after the other on the same database."""

    def __init__(
        self,
        incidents: Incidents,
        alerting: Alerting,
        watch: Watch,
        ledger: Ledger,
        bus: Bus,
        clock: ManualClock,
        receivers: Mapping[str, Memory],
        directory: Path,
    ) -> None:
        self.incidents, self.alerting, self.watch = incidents, alerting, watch
        self.ledger, self.bus, self.clock = ledger, bus, clock
        self.receivers, self._directory = receivers, directory
        self.heard: list[str] = []
        bus.subscribe(IncidentEvent, lambda event: self.heard.append(type(event).__name__))

    async def fire(self, name: str, severity: str = "critical", **labels: str) -> Alert:
        """An alert that fires for a day, taken by whatever it concerns."""
        now = self.clock.now()
        wanted = labels_of({"alertname": name, "severity": severity, **labels})
        alert = Alert(wanted, (), now, now + 86_400, now)
        await self.put(alert)
        return alert

    async def put(self, *alerts: Alert) -> None:
        await self.alerting.put(alerts)
        await self.settled()

    async def end(self, *alerts: Alert) -> None:
        now = self.clock.now()
        ended = [replace(each, ends_at=now, updated_at=now) for each in alerts]
        await self.alerting.put(ended)
        await self.settled()

    async def die(self, service: str) -> None:
        self.bus.announce(NeedsPerson(service, "it died; 3 restarts per 1 h are used up"))
        await self.settled()

    async def see(self, check: str, state: State) -> None:
        """Two looks at it, as the watch takes them: a worse state has to be confirmed."""
        for _ in range(2):
            self.watch.checks[check].take(Outcome(self.clock.now(), 0.01, state, ""))
        await self.settled()

    async def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settled()

    async def settled(self) -> None:
        """Let everything happen that is due now."""
        async with asyncio.timeout(20):
            for _ in range(2):
                await self.alerting.keep_house()
                self.alerting.nudge()
                await asyncio.sleep(0.002)
                while self.alerting.busy:
                    self.alerting.nudge()
                    await asyncio.sleep(0.001)
                await self.incidents.tick()

    async def only(self) -> Incident:
        (known,) = await self.all()
        return known

    async def all(self) -> list[Incident]:
        """Those that did not go into others, the oldest first."""
        opened = [each["subject"] for each in await self.entries("incident.opened")]
        found = [await self.incidents.get(number) for number in opened]
        return [each for each in found if not each.part_of]

    def told(self, receiver: str) -> list[str]:
        """What a receiver read: status and level."""
        return [
            f"{notice.status} {dict(notice.alerts[0].labels).get('level', '-')}"
            for notice in self.receivers[receiver].told
        ]

    async def entries(self, kind: str | None = None) -> list[dict[str, Any]]:
        await self.ledger.flush(within=5)
        engine = connect(sqlite_url(self._directory / "state.db"))
        try:
            with reading(engine) as connection:
                return [each.as_dict() for each in read_entries(connection, kind=kind)]
        finally:
            engine.dispose()


@asynccontextmanager
async def scene(
    directory: Path,
    clock: ManualClock | None = None,
    depends_on: Mapping[str, list[str]] = DEPENDS_ON,
    **settings: Any,
) -> AsyncIterator[Scene]:
    """`settings` are those of `incidents:`."""
    clock, bus = clock or ManualClock(NOW), Bus()
    engine = connect(sqlite_url(directory / "state.db"))
    ledger = Ledger(engine, clock)
    watch = Watch(make_checks(read_book(write_book(directory, BOOK))), bus, clock)
    receivers = {"nobody": Memory(), "team": Memory(), "boss": Memory()}
    wanted = setup(receivers={name: [each] for name, each in receivers.items()}, group_wait=0.0)
    alerting = Alerting(wanted, engine, ledger, clock, "http://opsbook", announce=bus.announce)
    services = Services({}, lambda _: None, watch, bus, ledger, clock, lambda _: [])  # type: ignore[arg-type, return-value]  # there is none
    declared = IncidentSettings.model_validate({**ESCALATION, **settings})
    evidence = Evidence(watch, services, alerting, clock, declared.mend_within)
    incidents = Incidents(declared, depends_on, evidence, alerting, engine, ledger, bus, clock)
    running = asyncio.create_task(alerting.run())
    try:
        await incidents.begin()
        yield Scene(incidents, alerting, watch, ledger, bus, clock, receivers, directory)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await ledger.flush(within=5)
        ledger.close()
        engine.dispose()
