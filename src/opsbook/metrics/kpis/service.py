"""All KPIs of a book, evaluated when they are due."""

from collections.abc import Mapping
from itertools import groupby

from opsbook.core.clock import Clock
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.kpis.settings import KpiSettings
from opsbook.metrics.querier import Querier
from opsbook.metrics.rules.evaluation import Keeps
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.runner import Runner
from opsbook.metrics.rules.spec import GroupSpec

_FIRST_AFTER = 3.0
"""Seconds until the first checks have been looked at, and their outcomes are in the store."""


class Kpis:
    """Those of one interval are a group, like rules."""

    def __init__(
        self, settings: Mapping[str, KpiSettings], keeps: Keeps, querier: Querier, clock: Clock
    ) -> None:
        self.kpis = {name: Kpi(name, each, clock) for name, each in settings.items()}
        self._runner = Runner(self._groups(), keeps, querier, clock, first_after=_FIRST_AFTER)

    async def run(self) -> None:
        """Evaluate until cancelled; return when every evaluation has ended."""
        await self._runner.run()

    def _groups(self) -> list[Group]:
        def interval(kpi: Kpi) -> float:
            return kpi.settings.every

        listed = sorted(self.kpis.values(), key=interval)
        return [
            Group("kpis", GroupSpec(name=f"every {every:g} s"), every, list(kpis))
            for every, kpis in groupby(listed, interval)
        ]
