"""Runbooks and their runs. Under `/api/runbooks`, `/api/runs` and `/api/plans`."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.errors import BadInputError
from opsbook.durable.port import DurableError, UnknownRunError
from opsbook.runbooks.chronicle import LedgerUnwritableError
from opsbook.runbooks.model import (
    Choice,
    Line,
    Listed,
    PlannedStep,
    Request,
    RunView,
    StepView,
    Waiting,
)
from opsbook.runbooks.service import Runbooks
from opsbook.state.people import Person
from opsbook.web.access import Operator, acting
from opsbook.web.inputs import Asked, BookName, By, Given, Most, Position, Text, Word
from opsbook.web.inputs import Why as NeededWhy
from opsbook.web.moments import moment, moment_or_none
from opsbook.web.problems import problems
from opsbook.web.roles import Approver

_NDJSON = "application/x-ndjson"


class RunStep(BaseModel):
    """A step of a run, with what it found, did and proved."""

    path: str
    kind: str
    subject: str
    action_class: int
    state: str
    tries: int
    started_at: datetime | None
    ended_at: datetime | None
    result: Any
    error: str | None
    verified: Any


class RunWaiting(BaseModel):
    """What a run waits for; `until` is when it stops waiting."""

    what: str
    kind: str
    step: str
    since: datetime
    until: datetime | None
    choices: list[str]


class RunStatus(BaseModel):
    """A run; its steps only where one is shown."""

    id: str
    runbook: str
    state: str
    by: str
    why: str
    parameters: dict[str, Any]
    run_class: int
    alert: str | None
    incident: str | None
    drill: str | None
    unattended: bool
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    round: int = Field(description="how often it was resumed")
    error: str | None
    cancelled_by: str | None
    waiting: RunWaiting | None
    rolled_back: bool
    steps: list[RunStep]


class PlanShown(BaseModel):
    """What a run would do now. The digest is what an approver signs."""

    runbook: str
    parameters: dict[str, Any]
    run_class: int
    confirm: str = Field(description="what has to be typed; nothing below class 2")
    steps: list[PlannedStep]
    digest: str


class Parameters(BaseModel):
    """Values by the names of a runbook's parameters."""

    parameters: Given = {}


class NewRun(Parameters):
    """Who wants it, where that is not who sends it, and why."""

    by: By = ""
    why: NeededWhy
    confirm: Word = Field("", description="the target's name, typed: class 2 and above")
    incident: Word | None = None
    plan: Word | None = Field(None, description="the digest of a signed plan")


class Why(BaseModel):
    why: Text = ""
    by: By = ""


class Decision(Why):
    """What becomes of a step that failed."""

    choice: Choice


class Resumption(Why):
    at: Word | None = Field(None, description="a step's path; where it failed, if not given")


class RunId(BaseModel):
    id: str


class _Refusing:
    """What the runbooks refuse, as HTTP tells it."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, UnknownRunError):
            raise HTTPException(404, str(error)) from None
        if isinstance(error, BadInputError):
            raise HTTPException(400, str(error)) from None
        if isinstance(error, DurableError | LedgerUnwritableError):
            raise HTTPException(503, str(error)) from None
        if isinstance(error, SQLAlchemyError):
            cause = getattr(error, "orig", None) or error
            raise HTTPException(503, f"nothing was begun: the database said {cause}") from None


def no_run_routes() -> APIRouter:
    """Of a book without runbooks: there is nothing to run, and that is said."""
    routes = APIRouter(prefix="/api", tags=["runbooks"])

    @routes.get("/runbooks")
    async def list_runbooks() -> list[Listed]:
        """The runbooks of the book: none."""
        return []

    @routes.get("/runs", responses=problems(503))
    async def list_runs() -> list[RunStatus]:
        """None."""
        return []

    return routes


def run_routes(runbooks: Runbooks) -> APIRouter:
    """The paths over the runbooks of a book."""
    routes = APIRouter(prefix="/api", tags=["runbooks"])
    refusing = _Refusing()

    @routes.get("/runbooks")
    async def list_runbooks() -> list[Listed]:
        """The runbooks of the book, and which of their rollbacks were proven."""
        return await runbooks.listed()

    @routes.post("/runbooks/{name}/plan", responses=problems(400, 503))
    async def plan_run(name: BookName, asked: Parameters, person: Operator) -> PlanShown:
        """Dry run: what a run would do now, before → after. Nothing is changed."""
        with refusing:
            found = await runbooks.dry_run(name, asked.parameters)
        return PlanShown(
            runbook=found.runbook,
            parameters=dict(found.parameters),
            run_class=found.run_class,
            confirm=found.confirm,
            steps=list(found.steps),
            digest=found.digest,
        )

    @routes.post("/runbooks/{name}/runs", responses=problems(400, 503))
    async def start_run(name: BookName, asked: NewRun, person: Operator) -> RunId:
        """Have it carried out."""
        who = Person(acting(person, asked.by), person.role)
        wanted = Request(
            name,
            who,
            asked.why,
            asked.parameters,
            asked.confirm,
            incident=asked.incident,
            plan=asked.plan,
        )
        with refusing:
            return RunId(id=await runbooks.request(wanted))

    @routes.post("/plans/{digest}/signature", responses=problems(400, 503))
    async def sign_plan(digest: BookName, person: Approver) -> RunId:
        """Consent to a plan that was shown, for runs that nobody attends."""
        with refusing:
            await runbooks.sign(digest, person)
        return RunId(id=digest)

    @routes.get("/runs", responses=problems(503))
    async def list_runs(
        runbook: Asked | None = None,
        alert: Asked | None = None,
        incident: Asked | None = None,
        limit: Most = 50,
    ) -> list[RunStatus]:
        """The newest first, without their steps."""
        with refusing:
            found = await runbooks.find(
                runbook=runbook, alert=alert, incident=incident, limit=limit
            )
        return [run_status(each) for each in found]

    @routes.get("/runs/{number}", responses=problems(404, 503))
    async def get_run(number: BookName) -> RunStatus:
        """A run with its steps."""
        with refusing:
            return run_status(await runbooks.show(number))

    @routes.get(
        "/runs/{number}/lines", response_class=StreamingResponse, responses=problems(404, 503)
    )
    async def follow_run(number: BookName, position: Position = 0) -> StreamingResponse:
        """What it does and what its commands write, line by line as JSON, until it has ended."""
        with refusing:
            await runbooks.show(number)
        return StreamingResponse(_written(runbooks.follow(number, position)), media_type=_NDJSON)

    @routes.post("/runs/{number}/approval", responses=problems(400, 404, 503))
    async def approve_run(number: BookName, asked: Why, person: Approver) -> RunStatus:
        """Consent to what another person has asked for."""
        with refusing:
            await runbooks.approve(number, person, asked.why)
            return run_status(await runbooks.show(number))

    @routes.post("/runs/{number}/refusal", responses=problems(400, 404, 503))
    async def refuse_run(number: BookName, asked: Why, person: Approver) -> RunStatus:
        """Say no: the run stops."""
        with refusing:
            await runbooks.refuse(number, person, asked.why)
            return run_status(await runbooks.show(number))

    @routes.post("/runs/{number}/decision", responses=problems(400, 404, 503))
    async def decide_run(number: BookName, asked: Decision, person: Operator) -> RunStatus:
        """Say what becomes of a step that failed: retry, skip, rollback or stop."""
        with refusing:
            await runbooks.decide(number, _acting(person, asked), asked.choice, asked.why)
            return run_status(await runbooks.show(number))

    @routes.post("/runs/{number}/cancellation", responses=problems(400, 404, 503))
    async def cancel_run(number: BookName, asked: Why, person: Operator) -> RunStatus:
        """End it before its next step."""
        with refusing:
            await runbooks.cancel(number, _acting(person, asked), asked.why)
            return run_status(await runbooks.show(number))

    @routes.post("/runs/{number}/resumption", responses=problems(400, 404, 503))
    async def resume_run(number: BookName, asked: Resumption, person: Operator) -> RunStatus:
        """Carry it on at the step that failed, or at another."""
        with refusing:
            await runbooks.resume(number, _acting(person, asked), asked.why, asked.at)
            return run_status(await runbooks.show(number))

    return routes


def _acting(person: Person, asked: Why) -> Person:
    return Person(acting(person, asked.by), person.role)


async def _written(lines: AsyncIterator[Line]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield json.dumps(asdict(line)).encode() + b"\n"


def run_status(view: RunView) -> RunStatus:
    cancelled = view.cancellation
    return RunStatus(
        id=view.id,
        runbook=view.runbook,
        state=view.state,
        by=view.by,
        why=view.why,
        parameters=dict(view.parameters),
        run_class=view.run_class,
        alert=view.alert,
        incident=view.incident,
        drill=view.drill,
        unattended=view.unattended,
        requested_at=moment(view.requested_at),
        started_at=moment_or_none(view.started_at),
        ended_at=moment_or_none(view.ended_at),
        round=view.round,
        error=view.error,
        cancelled_by=cancelled.by if cancelled else None,
        waiting=_waiting(view.waiting) if view.waiting else None,
        rolled_back=view.rolled_back,
        steps=[_step(each) for each in view.steps],
    )


def _step(view: StepView) -> RunStep:
    times = {
        "started_at": moment_or_none(view.started_at),
        "ended_at": moment_or_none(view.ended_at),
    }
    return RunStep(**{**asdict(view), **times})


def _waiting(waiting: Waiting) -> RunWaiting:
    return RunWaiting(
        what=waiting.what,
        kind=waiting.kind,
        step=waiting.step,
        since=moment(waiting.since),
        until=moment_or_none(waiting.until),
        choices=list(waiting.choices),
    )
