"""The KPIs as they stand now, as JSON has them."""

import math
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from opsbook.core.clock import Clock
from opsbook.metrics.kpis.bands import KpiState
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.kpis.service import Kpis
from opsbook.web.moments import moment

KpiStateName = Literal["met", "off_target", "warning", "unknown", "critical"]
_MOST_SERIES = 100


class KpiSeries(BaseModel):
    """One series of a KPI's expression."""

    labels: dict[str, str]
    value: float | None = Field(description="null where it is not a finite number")
    text: str = Field(description="the value with its unit")
    state: KpiStateName


class KpiStatus(BaseModel):
    """A KPI, its bands, and the worst of its series."""

    name: str
    description: str
    expression: str
    unit: str
    direction: str
    window: str
    state: KpiStateName
    since: datetime = Field(description="when the state was entered, as far as it was watched")
    value: float | None = Field(description="in base units; null when nothing was measured")
    text: str = Field(description="the value with its unit; empty when nothing was measured")
    reason: str = Field(description="why it is not met")
    target: str = Field(description="what meets it, such as `≥ 99.9 %`")
    warning: str | None = Field(description="what is a warning, such as `< 99.5 %`")
    critical: str | None
    every_seconds: float
    evaluated_at: datetime | None
    series: list[KpiSeries] = Field(description=f"worst first, {_MOST_SERIES} at most")


class KpisStatus(BaseModel):
    """All KPIs at one moment, worst first; `state` is the worst of all, null without any."""

    at: datetime
    state: KpiStateName | None
    kpis: list[KpiStatus]


def kpi_routes(kpis: Kpis, clock: Clock) -> APIRouter:
    """`/api/kpis`."""
    routes = APIRouter(tags=["status"])

    @routes.get("/api/kpis")
    async def get_kpis() -> KpisStatus:
        """The KPIs as they stand, worst first: values, bands, since when and why."""
        return kpis_status(kpis, clock)

    return routes


def kpis_status(kpis: Kpis, clock: Clock) -> KpisStatus:
    listed = [kpi_view(kpi) for kpi in kpis.kpis.values()]
    listed.sort(key=lambda each: (-KpiState(each.state).severity, each.name))
    state = listed[0].state if listed else None
    return KpisStatus(at=moment(clock.now()), state=state, kpis=listed)


def kpi_view(kpi: Kpi) -> KpiStatus:
    standing, settings, bands = kpi.standing, kpi.settings, kpi.bands
    worst = standing.judged[0] if standing.judged else None
    return KpiStatus(
        name=kpi.name,
        description=settings.description,
        expression=settings.expression,
        unit=settings.unit,
        direction=settings.direction,
        window=settings.window,
        state=standing.state.value,
        since=moment(standing.since),
        value=_finite(worst.value) if worst else None,
        text=kpi.unit.text(worst.value) if worst else "",
        reason=standing.reason,
        target=bands.target.text,
        warning=bands.warning.text if bands.warning else None,
        critical=bands.critical.text if bands.critical else None,
        every_seconds=settings.every,
        evaluated_at=moment(kpi.evaluated_at) if kpi.evaluated_at is not None else None,
        series=[
            KpiSeries(
                labels=dict(each.labels),
                value=_finite(each.value),
                text=kpi.unit.text(each.value),
                state=each.state.value,
            )
            for each in standing.judged[:_MOST_SERIES]
        ],
    )


def _finite(value: float) -> float | None:
    """JSON has no other numbers; the text tells them apart."""
    return value if math.isfinite(value) else None
