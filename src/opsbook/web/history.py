"""How checks and services stood: bars over days, with their causes. Under `/api/…/history`."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import AfterValidator, BaseModel, Field

from opsbook.core.clock import Clock
from opsbook.services.history.bars import Bar, History
from opsbook.services.history.changes import Change
from opsbook.services.history.reader import HistoryReader
from opsbook.web.checks import unknown
from opsbook.web.inputs import BookName
from opsbook.web.moments import moment
from opsbook.web.problems import problems
from opsbook.web.status import StateName, StatusView

_DAY = 86_400.0
_MOST_CAUSES = 5
_PERIODS = (1, 7, 30, 90)


def _period(days: int) -> int:
    if days not in _PERIODS:
        raise ValueError(f"not a period: give one of {', '.join(map(str, _PERIODS))} days")
    return days


Days = Annotated[
    int,
    AfterValidator(_period),
    Query(description="how far back", json_schema_extra={"enum": list(_PERIODS)}),
]
Bars = Annotated[int, Query(ge=1, le=500, description="how many bars")]


class HistoryCause(BaseModel):
    """An entry of the ledger that made a bar what it is."""

    at: datetime
    check: str | None = Field(description="null where it is about the service or the watch itself")
    state: StateName
    message: str
    entry: int = Field(description="its number in the ledger")


class HistoryBar(BaseModel):
    """A part of the time."""

    start: datetime
    state: StateName = Field(
        description="the worst that was held in it; `maintenance` where all trouble lay in one; "
        "`unknown` where nothing was known"
    )
    known_percent: float = Field(description="for how much of it a state was known")
    causes: list[HistoryCause] = Field(description=f"of its trouble, {_MOST_CAUSES} at most")


class HistoryView(BaseModel):
    """How a check or a service stood."""

    name: str
    start: datetime
    end: datetime
    bar_seconds: float
    bars: list[HistoryBar] = Field(description="oldest first")
    availability_percent: float | None = Field(
        description="up and degraded time of all known time without maintenance; null where "
        "nothing was known"
    )


class ServiceBars(BaseModel):
    """The states of a service's bars alone."""

    name: str
    states: list[StateName] = Field(description="oldest first")
    availability_percent: float | None


class HistoryOverview(BaseModel):
    """The bars of all services; what caused them is asked of each service."""

    start: datetime
    end: datetime
    bar_seconds: float
    services: list[ServiceBars]


def history_routes(view: StatusView, reader: HistoryReader, clock: Clock) -> APIRouter:
    """`/api/history`, and those of checks and services."""
    routes = APIRouter(prefix="/api", tags=["history"])

    @routes.get("/history")
    async def get_history(days: Days = 1, bars: Bars = 60) -> HistoryOverview:
        """The bars of every service at once."""
        end = clock.now()
        start = end - days * _DAY
        wanted = {name: keeper.checks for name, keeper in view.services.keepers.items()}
        found = await asyncio.to_thread(reader.services, wanted, start, end, bars)
        return HistoryOverview(
            start=moment(start),
            end=moment(end),
            bar_seconds=(end - start) / bars,
            services=[_bars(name, history) for name, history in found.items()],
        )

    @routes.get("/checks/{name}/history", responses=problems(404))
    async def get_check_history(name: BookName, days: Days = 1, bars: Bars = 60) -> HistoryView:
        """How a check stood, and what changed it."""
        check = view.watch.checks.get(name)
        if check is None:
            raise HTTPException(404, unknown("check", name, list(view.watch.checks)))
        end = clock.now()
        start, service = end - days * _DAY, check.settings.service
        found = await asyncio.to_thread(reader.check, name, service, start, end, bars)
        return _view(name, found)

    @routes.get("/services/{name}/history", responses=problems(404))
    async def get_service_history(name: BookName, days: Days = 1, bars: Bars = 60) -> HistoryView:
        """How a service stood: its own life, and the worst of its checks."""
        keeper = view.services.keepers.get(name)
        if keeper is None:
            raise HTTPException(404, unknown("service", name, list(view.services.keepers)))
        end = clock.now()
        start = end - days * _DAY
        found = await asyncio.to_thread(reader.service, name, keeper.checks, start, end, bars)
        return _view(name, found)

    return routes


def _view(name: str, history: History) -> HistoryView:
    return HistoryView(
        name=name,
        start=moment(history.start),
        end=moment(history.end),
        bar_seconds=history.bar_seconds,
        bars=[_bar(each) for each in history.bars],
        availability_percent=history.availability_percent,
    )


def _bar(bar: Bar) -> HistoryBar:
    return HistoryBar(
        start=moment(bar.start),
        state=bar.state.value,
        known_percent=round(bar.known_percent, 3),
        causes=_causes(bar.causes),
    )


def _causes(changes: Sequence[Change]) -> list[HistoryCause]:
    return [
        HistoryCause(
            at=moment(each.at),
            check=each.check,
            state=each.state.value,
            message=each.message,
            entry=each.entry,
        )
        for each in changes[:_MOST_CAUSES]
    ]


def _bars(name: str, history: History) -> ServiceBars:
    states = [bar.state.value for bar in history.bars]
    return ServiceBars(name=name, states=states, availability_percent=history.availability_percent)
