"""Responses on a clock that is moved by hand, with runs of real runbooks on a host that writes
down its orders."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.core.clock import ManualClock
from opsbook.core.events import Bus
from opsbook.core.labels import labels_of
from opsbook.durable.engines.memory import Memory as RunMemory
from opsbook.durable.engines.memory import MemoryEngine
from opsbook.incidents.evidence import Evidence
from opsbook.incidents.model import Incident
from opsbook.incidents.service import Incidents
from opsbook.incidents.settings import IncidentSettings
from opsbook.probes.watch import Watch
from opsbook.response.attempt import Attempt
from opsbook.response.service import Responses
from opsbook.response.settings import ResponseSettings
from opsbook.runbooks.interpreter import RUNS
from opsbook.runbooks.service import Runbooks
from opsbook.services.events import NeedsPerson
from opsbook.services.service import Services
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from tests.alerts.delivery.scene import Memory, setup
from tests.eventually import eventually
from tests.runbooks.scene import Alone, book, mark, seen

INCIDENTS = {
    "contacts": {"ada": {"receiver": "oncall"}},
    "escalation": [{"name": "L1", "contacts": ["ada"]}],
}
FIX = {"parameters": {}, "automatic": {"cooldown": "1h"}, "steps": [mark("api")]}
"""Restarts `api` and looks whether it was."""
SLOW = {
    "steps": [
        {
            "name": "wait",
            "within": "20s",
            "wait-until": {"every": "50ms", "steps": [seen("go")]},
        },
        mark("api"),
    ]
}
"""The same, once a line `go` was written."""


class Scene:
    """One life of responses, with all that they need."""

    def __init__(
        self,
        responses: Responses,
        alerting: Alerting,
        incidents: Incidents,
        runbooks: Runbooks,
        ledger: Ledger,
        state: Any,
        bus: Bus,
        clock: ManualClock,
        hands: Alone,
        receivers: Mapping[str, Memory],
    ) -> None:
        self.responses, self.alerting, self.incidents = responses, alerting, incidents
        self.runbooks, self.ledger, self._state = runbooks, ledger, state
        self.bus, self.clock, self.hands, self.receivers = bus, clock, hands, receivers

    async def fire(self, name: str = "Down", severity: str = "critical", **labels: str) -> Alert:
        """An alert that fires for a day."""
        now = self.clock.now()
        wanted = labels_of({"alertname": name, "severity": severity, **labels})
        alert = Alert(wanted, (), now, now + 86_400, now)
        await self.alerting.put([alert])
        return alert

    async def end(self, alert: Alert) -> None:
        now = self.clock.now()
        await self.alerting.put([replace(alert, ends_at=now, updated_at=now)])
        await self.settled()

    def die(self, service: str) -> None:
        self.bus.announce(NeedsPerson(service, "3 restarts per 1 h are used up"))

    async def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settled()

    async def settled(self) -> None:
        """Let everything happen that is due now."""
        for _ in range(3):
            await self.alerting.keep_house()
            self.alerting.nudge()
            await asyncio.sleep(0.3)
            await self.incidents.tick()

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The last entry of a kind, once there are so many."""
        await eventually(lambda: len(self.entries(kind)) >= count, 6)
        return self.entries(kind)[-1]

    def entries(self, kind: str | None = None) -> list[dict[str, Any]]:
        with reading(self._state) as connection:
            return [each.as_dict() for each in read_entries(connection, kind=kind)]

    def attempt(self) -> Attempt:
        (only,) = self.responses.holds.attempts.values()
        return only

    def incident(self) -> Incident:
        (only,) = self.incidents.watched
        return only

    def tried(self, receiver: str = "team") -> list[str]:
        """What each notice to a receiver says was tried."""
        return [
            dict(notice.alerts[0].annotations).get("tried", "")
            for notice in self.receivers[receiver].told
        ]


@asynccontextmanager
async def scene(
    directory: Path,
    *responses: Mapping[str, Any],
    runbooks: Mapping[str, Mapping[str, Any]] | None = None,
    clock: ManualClock | None = None,
    memory: RunMemory | None = None,
    **settings: Any,
) -> AsyncIterator[Scene]:
    """`settings` are those of `incidents:`. Runs take the time of the machine, from which the
    clock starts."""
    clock, bus = clock or ManualClock(time.time()), Bus()
    state = connect(sqlite_url(directory / "state.db"))
    ledger, hands = Ledger(state, clock), Alone(directory)
    watch = Watch([], bus, clock)
    receivers = {"team": Memory(), "oncall": Memory()}
    wanted = setup(
        receivers={name: [each] for name, each in receivers.items()},
        group_wait=0.0,
        group_by=("alertname", "service"),
    )
    alerting = Alerting(wanted, state, ledger, clock, "http://opsbook", announce=bus.announce)
    services = Services({}, lambda _: None, watch, bus, ledger, clock, lambda _: [])  # type: ignore[arg-type, return-value]  # there is none
    declared = IncidentSettings.model_validate({**INCIDENTS, **settings})
    evidence = Evidence(watch, services, alerting, clock, declared.mend_within)
    incidents = Incidents(declared, {}, evidence, alerting, state, ledger, bus, clock)
    books = book(directory, **(runbooks or {"fix": FIX, "slow": SLOW}))
    room = Runbooks(books, ["api", "db"], hands, state, ledger, hands.clock)
    engine = MemoryEngine(memory or RunMemory(), room.functions, [RUNS])
    room.use(engine)
    opened = asyncio.Event()
    made = Responses(
        [ResponseSettings.model_validate(each) for each in responses],
        {},
        incidents,
        alerting,
        room,
        opened,
        services,
        state,
        ledger,
        bus,
        clock,
    )
    await engine.open()
    await room.open()
    opened.set()
    await incidents.begin()
    running = [asyncio.create_task(each.run()) for each in (alerting, incidents, made)]
    try:
        yield Scene(made, alerting, incidents, room, ledger, state, bus, clock, hands, receivers)
    finally:
        for task in running:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*running)
        await engine.close()
        hands.jobs.close()
        await ledger.flush(within=5)
        ledger.close()
        state.dispose()
