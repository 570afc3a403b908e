"""What waits for a person, in one list. Under `/api/waiting`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Engine

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.model import Alert
from opsbook.core.clock import Clock
from opsbook.core.secrets import mask
from opsbook.drills.asked import APPROVED_WITHIN, asked_drills
from opsbook.drills.service import Drills
from opsbook.incidents.model import IncidentState
from opsbook.incidents.service import Incidents
from opsbook.runbooks.asked import open_questions
from opsbook.services.life import Phase
from opsbook.services.service import Services
from opsbook.web.moments import moment, moment_or_none

WaitingKind = Literal["approval", "decision", "acknowledgement", "person", "drill"]
_MOST_ALERTS = 200
"""Alerts that are looked at: why each is quiet takes a while to find out."""


class WaitingItem(BaseModel):
    """Something that does not go on until a person does something."""

    key: str = Field(description="kind and id: stays the same as long as it waits")
    kind: WaitingKind
    what: str
    who: str = Field(description="the least role that may do it, or who has it; who asked may not")
    since: datetime
    until: datetime | None = Field(description="when it is too late, or others are told")
    link: str = Field(description="the page of the console where it is done, below its prefix")


Source = Callable[[], Awaitable[Sequence[WaitingItem]]]


class Waitings:
    """Asks each room what waits there."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    async def items(self) -> list[WaitingItem]:
        """What has waited longest comes first."""
        found = [item for source in self._sources for item in await source()]
        return sorted(found, key=lambda item: (item.since, item.key))


def waiting_routes(waitings: Waitings) -> APIRouter:
    """`/api/waiting`."""
    routes = APIRouter(prefix="/api/waiting", tags=["status"])

    @routes.get("")
    async def list_waiting() -> list[WaitingItem]:
        """What waits for somebody, the longest first."""
        return await waitings.items()

    return routes


def runs_waiting(engine: Engine, clock: Clock) -> Source:
    """Questions of runs: consent, and what becomes of a step that failed."""

    async def items() -> list[WaitingItem]:
        found = await asyncio.to_thread(open_questions, engine, clock.now())
        return [
            WaitingItem(
                key=f"{each.kind}:{each.run}",
                kind=each.kind,
                what=mask(each.question),
                who=each.role,
                since=moment(each.asked_at),
                until=moment(each.until),
                link=f"/runs/{each.run}",
            )
            for each in found
        ]

    return items


def drills_waiting(drills: Drills, engine: Engine, clock: Clock) -> Source:
    """Drills in production that wait for a second person."""

    async def items() -> list[WaitingItem]:
        if not drills.settings:
            return []
        found = await asked_drills(engine, drills, clock.now() - APPROVED_WITHIN)
        return [
            WaitingItem(
                key=f"drill:{each.run}",
                kind="drill",
                what=f"{each.by} wants to run the drill {each.drill}: {each.why}",
                who="approver",
                since=moment(each.at),
                until=moment(each.at + APPROVED_WITHIN),
                link=f"/drills/{each.drill}",
            )
            for each in found
            if each.drill in drills.settings
        ]

    return items


def incidents_waiting(incidents: Incidents) -> Source:
    """Incidents that nobody has."""

    async def items() -> list[WaitingItem]:
        return [
            WaitingItem(
                key=f"acknowledgement:{each.id}",
                kind="acknowledgement",
                what=f"{each.severity}: {each.title}",
                who="operator",
                since=moment(each.since),
                until=moment_or_none(incidents.escalation.respond_by(each)),
                link=f"/incidents/{each.id}",
            )
            for each in incidents.watched
            if each.state is IncidentState.OPEN
        ]

    return items


def alerts_waiting(alerting: Alerting, incidents: Incidents, clock: Clock) -> Source:
    """Alerts that nobody has and of which no incident tells; those that fire longest."""

    def waits(alert: Alert) -> bool:
        has = alerting.acknowledgements.all_hold([alert.fingerprint], clock.now())
        return not has and not incidents.opens_for(alert) and not alerting.muting(alert)

    async def items() -> list[WaitingItem]:
        now = clock.now()
        firing = [each for each in alerting.board.alerts.values() if not each.resolved(now)]
        firing.sort(key=lambda each: each.starts_at)
        return [
            WaitingItem(
                key=f"acknowledgement:{each.fingerprint}",
                kind="acknowledgement",
                what=dict(each.annotations).get("summary") or each.name,
                who="operator",
                since=moment(each.starts_at),
                until=None,
                link="/alerts",
            )
            for each in firing[:_MOST_ALERTS]
            if waits(each)
        ]

    return items


def services_waiting(services: Services) -> Source:
    """Services that nothing brings back by itself any more."""

    async def items() -> list[WaitingItem]:
        return [
            WaitingItem(
                key=f"person:{each.name}",
                kind="person",
                what=f"{each.name} is down: {mask(each.message)}",
                who="operator",
                since=moment(each.since),
                until=None,
                link=f"/services/{each.name}",
            )
            for each in services.keepers.values()
            if each.phase is Phase.NEEDS_PERSON
        ]

    return items
