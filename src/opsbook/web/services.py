"""One service: how it stands, what it wrote, and orders to it. Under `/api/services`."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from opsbook.book.kinds import plugged
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.secrets import mask
from opsbook.services.controller import Controller, ControllerError
from opsbook.services.keeper import Keeper
from opsbook.services.orders import Order, Ordered, Verb
from opsbook.services.output import last_lines
from opsbook.web.access import Operator, acting
from opsbook.web.checks import unknown
from opsbook.web.inputs import BookName, By, Why, Word
from opsbook.web.problems import problems
from opsbook.web.roles import Viewer
from opsbook.web.status import ServiceStatus, StatusView

_CONFIRMED: tuple[Verb, ...] = ("stop", "scale")
"""What people feel at once, or what costs: it has to be meant."""
Lines = Annotated[int, Query(ge=1, le=5_000)]


class ScaleBounds(BaseModel):
    """Within what more or fewer replicas may be ordered."""

    at_least: int
    at_most: int
    step: int = Field(description="how many one order may add or take away")
    cooldown_seconds: float


class ServiceDetail(ServiceStatus):
    """A service, and what an order to it would touch."""

    dependents: list[str] = Field(description="what depends on it, also through others")
    controller: str = Field(description="the kind that runs it")
    subject: str = Field(description="what that controls: a program, a unit, a container")
    ports: list[int]
    production: bool
    scale: ScaleBounds | None = Field(description="null where nobody may scale it")


class NewOrder(BaseModel):
    """What is to be done to a service, and why."""

    verb: Verb
    replicas: int | None = Field(None, ge=1, le=10_000, description="how many: for `scale` alone")
    why: Why
    confirm: Word = Field("", description="the service's name, typed: for `stop` and `scale`")
    by: By = ""


class OrderResult(BaseModel):
    """What came of an order, and what proves it."""

    service: str
    verb: Verb
    verified: bool | None = Field(description="null where no check can prove it")
    message: str
    before: str | None = Field(description="the instance before, or how many replicas")
    after: str | None
    seconds: float
    evidence: list[int] = Field(description="numbers of the ledger entries that tell it")
    dependents: list[str] = Field(description="they feel what was done")


class LogTail(BaseModel):
    """The last lines that a service wrote."""

    lines: list[str] = Field(description="oldest first; secrets are masked")
    truncated: bool = Field(description="whether there are older lines, or longer ones")
    said: str = Field(description="why there are none, or empty")


def service_routes(view: StatusView) -> APIRouter:
    """`/api/services`."""
    routes = APIRouter(prefix="/api/services", tags=["services"])
    services = view.services

    def known(name: str) -> Keeper:
        if name not in services.keepers:
            raise HTTPException(404, unknown("service", name, list(services.keepers)))
        return services.keepers[name]

    @routes.get("/{name}", responses=problems(404))
    async def get_service(name: BookName) -> ServiceDetail:
        """One service: its state, its restarts, and what depends on it."""
        keeper = known(name)
        return _detail(keeper, view.service(keeper), services.dependents(name))

    @routes.post("/{name}/orders", responses=problems(400, 404, 409, 503))
    async def order_service(name: BookName, asked: NewOrder, person: Operator) -> OrderResult:
        """Start, stop, restart, reload or scale it. Answers when that is proved, or has failed:
        `verified` says which. An error means that nothing was done, but for 503."""
        keeper, by = known(name), acting(person, asked.by)
        if asked.verb in _CONFIRMED and asked.confirm != name:
            raise HTTPException(
                400, f"confirm: to {asked.verb} it, type {name!r} (got {asked.confirm!r})"
            )
        if (asked.verb == "scale") is not (asked.replicas is not None):
            raise HTTPException(400, "replicas: say how many for scale, and for nothing else")
        order = Order(asked.verb, by, asked.why, asked.replicas)
        try:
            return _result(name, await services.order(keeper.name, order))
        except (BadInputError, ControllerError) as error:
            raise HTTPException(409, str(error)) from None
        except OpsbookError as error:
            raise HTTPException(503, str(error)) from None

    @routes.get("/{name}/log", responses=problems(404, 503))
    async def get_service_log(name: BookName, person: Viewer, lines: Lines = 200) -> LogTail:
        """The last lines that it wrote, where Opsbook keeps them."""
        controller = known(name).controller
        file = controller.home.logs / f"{name}.log"
        try:
            found, more = await asyncio.to_thread(last_lines, file, lines)
        except FileNotFoundError:
            said = f"Opsbook keeps no output of {controller.subject}: its own manager does"
            return LogTail(lines=[], truncated=False, said=said)
        except OSError as error:
            raise HTTPException(503, f"{file} cannot be read: {error.strerror}") from None
        return LogTail(lines=[mask(line) for line in found], truncated=more, said="")

    return routes


def _detail(keeper: Keeper, status: ServiceStatus, dependents: tuple[str, ...]) -> ServiceDetail:
    settings = keeper.settings
    bounds = settings.scale
    return ServiceDetail(
        **status.model_dump(),
        dependents=list(dependents),
        controller=plugged(settings, Controller)[0],
        subject=mask(keeper.controller.subject),
        ports=list(settings.ports),
        production=settings.production,
        scale=ScaleBounds(
            at_least=bounds.at_least,
            at_most=bounds.at_most,
            step=bounds.step,
            cooldown_seconds=bounds.cooldown,
        )
        if bounds
        else None,
    )


def _result(service: str, done: Ordered) -> OrderResult:
    return OrderResult(
        service=service,
        verb=done.verb,
        verified=done.verified,
        message=mask(done.message),
        before=done.before,
        after=done.after,
        seconds=done.seconds,
        evidence=list(done.evidence),
        dependents=list(done.dependents),
    )
