"""Alerting on a clock that is moved by hand, and a receiver that remembers what it was told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.delivery.setup import Receiver, Setup
from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.notifier import Delivery, Notifier, NotSentError
from opsbook.alerts.routing.inhibition import InhibitionRule
from opsbook.alerts.routing.intervals import TimeInterval
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.routing.route import Branch, plant
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.clock import ManualClock
from opsbook.state.chain import Entry
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries

NOW = 1_700_000_000.0


class Memory(Notifier):
    """Remembers notices; refuses while it is told to."""

    _told: list[Notice] = PrivateAttr(default_factory=list)
    _keys: list[str] = PrivateAttr(default_factory=list)
    _refusals: list[NotSentError] = PrivateAttr(default_factory=list)

    @property
    def target(self) -> str:
        return "memory"

    @property
    def told(self) -> list[Notice]:
        return self._told

    @property
    def keys(self) -> list[str]:
        return self._keys

    def refuse(self, *errors: NotSentError) -> None:
        self._refusals += errors

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        self._keys.append(key)
        if self._refusals:
            raise self._refusals.pop(0)
        self._told.append(notice)
        return Delivery("ok")


def setup(
    *routes: Branch,
    receivers: Mapping[str, Sequence[Notifier]],
    fallbacks: Mapping[str, str] | None = None,
    inhibitions: Sequence[InhibitionRule] = (),
    intervals: Mapping[str, Sequence[TimeInterval]] | None = None,
    **manner: Any,
) -> Setup:
    """A root route with short times, and receivers by their names."""
    whole: dict[str, Any] = {
        "receiver": next(iter(receivers)),
        "group_by": ("alertname",),
        "group_wait": 10.0,
        "group_interval": 60.0,
        "repeat_interval": 600.0,
        **manner,
    }
    return Setup(
        root=plant(Branch(routes=routes, **whole)),
        receivers={
            name: Receiver(
                name,
                {f"memory[{at}]": each for at, each in enumerate(entries)},
                (fallbacks or {}).get(name),
            )
            for name, entries in receivers.items()
        },
        templates=NoticeTemplates(()),
        intervals=intervals or {},
        inhibitions=inhibitions,
    )


def inhibition(source: str, target: str, *equal: str) -> InhibitionRule:
    return InhibitionRule(parse_matchers(source), parse_matchers(target), equal)


class Scene:
    """One life of alerting, or several one after the other on the same database."""

    def __init__(
        self, directory: Path, clock: ManualClock, alerting: Alerting, ledger: Ledger
    ) -> None:
        self.directory, self.clock, self.alerting, self.ledger = directory, clock, alerting, ledger

    async def fire(
        self, name: str = "Down", *, ends_in: float | None = 3600, **labels: str
    ) -> Alert:
        """Send an alert that fires, for an hour if nothing else is said."""
        now = self.clock.now()
        ends = None if ends_in is None else now + ends_in
        return await self.send(Report({"alertname": name, **labels}, {}, now, ends))

    async def resolve(self, name: str = "Down", **labels: str) -> Alert:
        now = self.clock.now()
        report = Report({"alertname": name, **labels}, {}, None, now)
        return await self.send(report)

    async def send(self, report: Report) -> Alert:
        alert = admitted(report, self.clock.now(), self.alerting.setup.resolve_timeout)
        await self.alerting.put([alert])
        await self.settled()
        return self.alerting.board.alerts[alert.fingerprint]

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, and everything happen that is due."""
        left = seconds
        while left > 0:
            self.clock.advance(min(step, left))
            left -= step
            await self.alerting.keep_house()
            await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is due any more."""
        async with asyncio.timeout(20):
            while True:
                self.alerting.nudge()
                await asyncio.sleep(0.001)
                if not self.alerting.busy:
                    return

    async def entries(self, kind: str) -> list[Entry]:
        await self.ledger.flush(within=5)
        engine = connect(sqlite_url(self.directory / "state.db"))
        try:
            with reading(engine) as connection:
                return list(read_entries(connection, kind=kind))
        finally:
            engine.dispose()


@asynccontextmanager
async def scene(
    directory: Path,
    setup: Setup,
    clock: ManualClock | None = None,
    suppression: Callable[[Alert], str] = lambda alert: "",
) -> AsyncIterator[Scene]:
    clock = clock or ManualClock(NOW)
    engine = connect(sqlite_url(directory / "state.db"))
    ledger = Ledger(engine, clock)
    alerting = Alerting(setup, engine, ledger, clock, "http://opsbook", suppression)
    running = asyncio.create_task(alerting.run())
    try:
        yield Scene(directory, clock, alerting, ledger)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await ledger.flush(within=5)
        ledger.close()
        engine.dispose()
