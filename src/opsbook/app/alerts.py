"""Alerts: what raises them, whom they are told to, and the API over both."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Engine

from opsbook.alerts.configuration.configuration import Configuration
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.rules.origin import Origin
from opsbook.alerts.rules.service import AlertRules, Delivery
from opsbook.alerts.rules.suppression import Suppression
from opsbook.alerts.settings import AlertSettings
from opsbook.alerts.watcher.health import Health, Trouble
from opsbook.alerts.watcher.heartbeat import Heartbeat
from opsbook.alerts.watcher.page import DailyPage
from opsbook.alerts.watcher.page_route import with_page_route
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.labels import Labels
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.runner import Runner
from opsbook.metrics.rules.settings import DeclaredGroup
from opsbook.probes.watch import Watch
from opsbook.state.ledger import Ledger
from opsbook.web.alerting_health import AlertingHealth
from opsbook.web.alertmanager.routes import alertmanager_routes
from opsbook.web.alerts import alert_routes


class Alerts:
    """Rules, KPIs and checks raise alerts; receivers are told of them."""

    def __init__(
        self,
        settings: AlertSettings,
        external_labels: Labels,
        engine: Engine,
        ledger: Ledger,
        watch: Watch,
        bus: Bus,
        clock: Clock,
        address: str,
    ) -> None:
        """`address` is where people open Opsbook, where the book names no other."""
        url = settings.external_url or address
        self.configuration: Configuration = settings.configuration()
        self.delivery = Alerting(
            _setup(self.configuration, settings),
            engine,
            ledger,
            clock,
            url,
            Suppression(watch, clock, Origin(url)),
            announce=bus.announce,
        )
        known = Delivery(self.delivery.put, lambda: self.delivery.board.alerts)
        self._rules = AlertRules(settings, known, watch, bus, clock, url, external_labels)
        self._page = (
            DailyPage(settings.page, self.delivery, engine, ledger, clock)
            if settings.page
            else None
        )
        self._heartbeat = settings.heartbeat
        self._engine, self._ledger, self._clock = engine, ledger, clock

    def groups(self, declared: Iterable[DeclaredGroup], kpis: Mapping[str, Kpi]) -> list[Group]:
        """Everything that is evaluated: rules that record, and all that alerts."""
        return self._rules.groups(declared, kpis)

    def work(
        self, rules: Runner, troubles: Mapping[str, Trouble]
    ) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Name → what has to run as long as the watch does. `troubles` are those of others, for
        which no heartbeat must say that all is well."""

        async def raise_alerts() -> None:
            await self._rules.run(lambda: rules.groups)

        found = {"alert rules": raise_alerts, "alerting": self.delivery.run}
        if self._page is not None:
            found["daily page"] = self._page.run
        if self._heartbeat is not None:
            health = Health(self._engine, {**troubles, "alerting": lambda: self.health.trouble})
            beat = Heartbeat(self._heartbeat, health, self._ledger, self._clock)
            found["heartbeat"] = beat.run
        return found

    @property
    def health(self) -> AlertingHealth:
        """Whether alerts reach people."""
        return AlertingHealth(self.delivery, self._rules.courier, self._clock)

    @property
    def routers(self) -> list[APIRouter]:
        """The paths over it."""
        return [
            alertmanager_routes(self.delivery, self._clock, lambda: self.configuration.shown()),
            alert_routes(self.delivery, self._engine, self._clock),
        ]

    async def reload(self, settings: AlertSettings) -> None:
        """Tell by other settings. Raises BadInputError, and then nothing has changed."""
        configuration = settings.configuration()
        setup = await asyncio.to_thread(_setup, configuration, settings)
        self.delivery.reload(setup)
        self._rules.reload(settings)
        self.configuration = configuration


def _setup(configuration: Configuration, settings: AlertSettings) -> Setup:
    setup = configuration.setup()
    return with_page_route(setup, settings.page.receiver) if settings.page else setup
