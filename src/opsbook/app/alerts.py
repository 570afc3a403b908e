"""Alerts: what raises them, whom they are told to, and the API over both."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Engine

from opsbook.alerts.configuration.configuration import Configuration
from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.rules.origin import Origin
from opsbook.alerts.rules.service import AlertRules, Delivery
from opsbook.alerts.rules.suppression import Suppression
from opsbook.alerts.settings import AlertSettings
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
            self.configuration.setup(),
            engine,
            ledger,
            clock,
            url,
            Suppression(watch, clock, Origin(url)),
        )
        known = Delivery(self.delivery.put, lambda: self.delivery.board.alerts)
        self._rules = AlertRules(settings, known, watch, bus, clock, url, external_labels)
        self._engine, self._clock = engine, clock

    def groups(self, declared: Iterable[DeclaredGroup], kpis: Mapping[str, Kpi]) -> list[Group]:
        """Everything that is evaluated: rules that record, and all that alerts."""
        return self._rules.groups(declared, kpis)

    def work(self, rules: Runner) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Name → what has to run as long as the watch does."""

        async def raise_alerts() -> None:
            await self._rules.run(lambda: rules.groups)

        return {"alert rules": raise_alerts, "alerting": self.delivery.run}

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
        setup = await asyncio.to_thread(configuration.setup)
        self.delivery.reload(setup)
        self._rules.reload(settings)
        self.configuration = configuration
