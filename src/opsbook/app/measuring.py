"""Samples: the store of a platform, and everything that writes into it or asks it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from opsbook.alerts.rules.health import HealthOfRules
from opsbook.app.book import Book
from opsbook.app.prometheus import external_labels, prometheus_files, rules_of
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.kpis.service import Kpis
from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.querier import querier
from opsbook.metrics.recorder import Recorder
from opsbook.metrics.remote.receiver import Receiver
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.runner import Runner
from opsbook.metrics.rules.settings import (
    DeclaredGroup,
    declared_groups,
)
from opsbook.metrics.scraping.configuration import PrometheusConfig, every_job
from opsbook.metrics.scraping.scraper import Scraper
from opsbook.metrics.store import store_kinds
from opsbook.probes.watch import Watch
from opsbook.web.kpis import kpi_routes
from opsbook.web.prometheus.sources import Sources
from opsbook.web.rules import rule_routes

_LATELY = 3600.0
"""Seconds for which a series that is not measured any more still counts as data."""

MakeGroups = Callable[[Iterable[DeclaredGroup], Mapping[str, Kpi]], list[Group]]


class Measuring:
    """What checks measure, what targets expose, what rules and KPIs make of it: one store."""

    def __init__(
        self,
        book: Book,
        home: Path,
        watch: Watch,
        bus: Bus,
        clock: Clock,
        make: MakeGroups,
    ) -> None:
        """`make` makes living groups of those that are declared, and of the KPIs that alert.

        Raises BadInputError, BookError.
        """
        files = prometheus_files(book.scrape)
        self._clock = clock
        self.store = book.metrics.store if book.metrics else store_kinds.load("embedded")()
        self.store.bind(home, clock)
        self.querier = querier(self.store)
        self.recorder = Recorder(self.store, watch, bus)
        self.catalogue = Catalogue()
        self.receiver = Receiver(self.store, self.catalogue)
        jobs = every_job(book.scrape, files)
        self.scraper = Scraper(jobs, self.store, self.catalogue, clock)
        self.kpis = Kpis(book.kpis, self.store, self.querier, clock)
        self._make = make
        groups = make(_declared(book, files), self.kpis.kpis)
        self.rules = Runner(groups, self.store, self.querier, clock)
        self.external_labels = external_labels(book.scrape, files)

    @property
    def sources(self) -> Sources:
        """What Prometheus' API shows beside samples."""
        return Sources(
            catalogue=self.catalogue,
            targets=self.scraper,
            rules=self.rules,
            receiver=self.receiver,
            external_labels=self.external_labels,
        )

    @property
    def routers(self) -> list[APIRouter]:
        """The paths over KPIs and rules."""
        health = HealthOfRules(self.store, self.querier, _LATELY)
        return [
            kpi_routes(self.kpis, self._clock),
            rule_routes(health, self.rules, self._clock),
        ]

    @property
    def work(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Name → what has to run as long as the watch does."""
        return {
            "recorder": self.recorder.run,
            "scraper": self.scraper.run,
            "rules": self.rules.run,
            "kpis": self.kpis.run,
        }

    async def reload(self, book: Book) -> None:
        """Evaluate the rules of another book. What did not change goes on as it was. Raises
        BookError, and then nothing has changed."""
        declared = _declared(book, prometheus_files(book.scrape))
        await self.rules.replace(self._make(declared, self.kpis.kpis))

    async def start(self) -> None:
        """Open the store. Raises StoreError."""
        await asyncio.to_thread(self.store.start)

    def close(self) -> None:
        """Return when everything that was taken is on disk."""
        self.store.close()


def _declared(book: Book, files: Iterable[PrometheusConfig]) -> list[DeclaredGroup]:
    """The groups of the book, and those of the files that a `prometheus.yml` names."""
    found = declared_groups(book.rules) if book.rules else []
    for file in files:
        theirs = declared_groups(rules_of(file))
        found += [_delayed(group, file.rule_query_offset) for group in theirs]
    return found


def _delayed(group: DeclaredGroup, offset: float) -> DeclaredGroup:
    if not offset or "query_offset" in group.spec.model_fields_set:
        return group
    return replace(group, spec=group.spec.model_copy(update={"query_offset": offset}))
