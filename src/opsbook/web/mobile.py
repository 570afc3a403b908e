"""The little that a phone asks for: how it stands, and to mend what is down. Under `/api/mobile`.

What is well, or unknown, or stopped on purpose is never restarted from here.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.secrets import mask
from opsbook.probes.model import Outcome, State
from opsbook.services.controller import ControllerError
from opsbook.services.keeper import Keeper
from opsbook.services.life import Phase
from opsbook.services.orders import Order, Ordered, Verb
from opsbook.web.access import Operator
from opsbook.web.checks import unknown
from opsbook.web.inputs import Text, Word
from opsbook.web.problems import problems
from opsbook.web.status import StateName, StatusView
from opsbook.web.waiting import WaitingItem, Waitings

_LEFT: Mapping[State, str] = {
    State.UP: "it works",
    State.DEGRADED: "it works in part; a restart would interrupt that",
    State.UNKNOWN: "whether it works is unknown, and that is no reason to restart it",
    State.LATE: "whether it works is unknown, and that is no reason to restart it",
    State.MAINTENANCE: "people are at work on it",
}

Provers = Mapping[str, Sequence[str]]
"""Service → the checks whose failure means that it does not serve."""


class MobileService(BaseModel):
    """A service in a line."""

    name: str
    state: StateName
    reason: str = Field(description="why it is not up; empty where it is")
    restart: bool = Field(description="whether a restart of what is down would be tried on it")


class MobileStatus(BaseModel):
    """How it stands, in a few lines."""

    platform: str
    state: StateName
    at: datetime
    services: list[MobileService]
    waiting: list[WaitingItem] = Field(description="what waits for a person, the longest first")


class MobileRestart(BaseModel):
    """Why, and whether one service alone is meant."""

    why: Text = Field("", description="for the ledger; it says who pressed where it is empty")
    service: Word = Field("", description="this one alone, if it is down; empty for all that are")


class Mended(BaseModel):
    """What was done about one service."""

    service: str
    result: Literal["restarted", "failed", "refused", "not needed"]
    message: str
    seconds: float | None = Field(description="null where nothing was done")
    evidence: list[int] = Field(description="numbers of the ledger entries that tell it")


class MobileRestarted(BaseModel):
    """What was done, in its order, and how the platform stands after it."""

    state: StateName
    services: list[Mended]


def mobile_routes(view: StatusView, provers: Provers, waitings: Waitings) -> APIRouter:
    """`/api/mobile`."""
    routes, mending = APIRouter(prefix="/api/mobile", tags=["status"]), asyncio.Lock()
    mender = Mender(view, provers)

    @routes.get("/status")
    async def get_mobile_status() -> MobileStatus:
        """The verdict, each service with what is wrong with it, and what waits for a person."""
        now = view.status()
        return MobileStatus(
            platform=now.platform,
            state=now.state,
            at=now.at,
            services=[mender.line(keeper) for keeper in view.services.keepers.values()],
            waiting=await waitings.items(),
        )

    @routes.post("/restart", responses=problems(404, 409))
    async def restart_what_is_down(
        person: Operator, asked: MobileRestart | None = None
    ) -> MobileRestarted:
        """Restart what is down or needs a person, one at a time, what others depend on first.
        All else is left alone. Answers when each restart is proved or has failed."""
        asked = asked or MobileRestart()
        keepers = view.services.keepers
        if asked.service and asked.service not in keepers:
            raise HTTPException(404, unknown("service", asked.service, list(keepers)))
        if mending.locked():
            raise HTTPException(409, "what is down is being restarted already; look again soon")
        async with mending:
            why = asked.why.strip() or f"restart from the mobile page by {person.name}"
            names = [asked.service] if asked.service else list(keepers)
            done = await mender.mend(names, person.name, why)
        return MobileRestarted(state=view.verdict().value, services=done)

    return routes


class Mender:
    """Restarts what is down, and nothing else."""

    def __init__(self, view: StatusView, provers: Provers) -> None:
        self._services, self._watch, self._provers = view.services, view.watch, provers

    def line(self, keeper: Keeper) -> MobileService:
        state = keeper.state()
        return MobileService(
            name=keeper.name,
            state=state.value,
            reason="" if state is State.UP else mask(keeper.message or self._wrong(keeper)),
            restart=not self._left(keeper),
        )

    async def mend(self, names: Iterable[str], by: str, why: str) -> list[Mended]:
        """These services, in their start order: what depends on one that did not come back is
        not tried."""
        done: list[Mended] = []
        lost: set[str] = set()
        for name in names:
            keeper = self._services.keepers[name]
            mended = await self._mend(keeper, lost, by, why)
            if mended.result in ("failed", "refused"):
                lost.add(name)
            done.append(mended)
        return done

    async def _mend(self, keeper: Keeper, lost: set[str], by: str, why: str) -> Mended:
        if left := self._left(keeper):
            return _nothing(keeper, "not needed", left)
        if behind := [each for each in keeper.settings.depends_on if each in lost]:
            said = f"it depends on {' and '.join(behind)}, which did not come back"
            return _nothing(keeper, "refused", said)
        try:
            runs = await keeper.controller.running() is not None
            if runs and (left := await self._well_after_all(keeper)):
                return _nothing(keeper, "not needed", left)
            # A start leaves alone what came back by itself meanwhile.
            verb: Verb = "restart" if runs else "start"
            return _done(keeper, await self._services.order(keeper.name, Order(verb, by, why)))
        except (BadInputError, ControllerError) as error:
            return _nothing(keeper, "refused", str(error))
        except OpsbookError as error:
            return _nothing(keeper, "failed", str(error))

    def _left(self, keeper: Keeper) -> str:
        """Why it is left alone, as far as is known without another look; empty if it is not."""
        if keeper.phase is Phase.STOPPED:
            return f"{keeper.message or 'it was stopped by order'}: order its start"
        state = keeper.state()
        if state is not State.DOWN:
            return _LEFT[state]
        if keeper.phase is Phase.RUNNING and not self._to_blame(keeper):
            return f"a restart would not mend it: {self._wrong(keeper)}"
        return ""

    def _to_blame(self, keeper: Keeper) -> list[str]:
        """Checks that are down for what is wrong with the service itself."""
        checks = [self._watch.checks[name] for name in self._provers[keeper.name]]
        return [
            check.name
            for check in checks
            if check.state is State.DOWN and not self._watch.cause(check)
        ]

    async def _well_after_all(self, keeper: Keeper) -> str:
        """Look once more, for what it depends on may just have come back: why it is left alone."""
        names = self._provers[keeper.name]
        outcomes = await asyncio.gather(*(self._watch.look(name) for name in names))
        if outcomes and all(_is_well(outcome) for outcome in outcomes):
            return "it works again, as was just seen"
        return self._left(keeper)

    def _wrong(self, keeper: Keeper) -> str:
        """The worst of its checks in words."""
        checks = [self._watch.checks[name] for name in keeper.checks]
        found = max(checks, key=lambda each: each.state.severity, default=None)
        if found is None:
            return "no check says how it stands"
        said = found.outcome.message if found.outcome else "not looked at yet"
        cause = self._watch.cause(found)
        return f"{found.name}: {said}" + (f" (behind {cause})" if cause else "")


def _is_well(outcome: Outcome) -> bool:
    return outcome.state in (State.UP, State.DEGRADED)


def _nothing(
    keeper: Keeper, result: Literal["failed", "refused", "not needed"], why: str
) -> Mended:
    return Mended(service=keeper.name, result=result, message=mask(why), seconds=None, evidence=[])


def _done(keeper: Keeper, ordered: Ordered) -> Mended:
    return Mended(
        service=keeper.name,
        result="failed" if ordered.verified is False else "restarted",
        message=mask(ordered.message),
        seconds=ordered.seconds,
        evidence=list(ordered.evidence),
    )
