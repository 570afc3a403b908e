"""Drills: how each stands, running one, and their metrics. Under `/api/drills`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.drills.model import DrillState, RefusedError, Standing
from opsbook.drills.service import Drills
from opsbook.durable.model import RunInfo
from opsbook.durable.port import UnknownRunError
from opsbook.web.access import Operator, acting
from opsbook.web.family import add_family
from opsbook.web.inputs import BookName, By, Why
from opsbook.web.moments import moment
from opsbook.web.problems import problems
from opsbook.web.roles import Approver
from opsbook.web.status import DrillStanding

_PHASES = ("detect", "notify", "recover")


class DrillEvidence(BaseModel):
    """What the last run measured, in seconds; null for what was not seen."""

    run: str
    fault: str
    detect_seconds: float | None
    notify_seconds: float | None
    recover_seconds: float | None
    missed: list[str] = Field(description="what was expected and not seen")
    asked_by: str
    approved_by: str | None
    why: str
    entries: list[int] = Field(description="numbers of the ledger entries that tell it")
    taken_back: list[str] = Field(
        default=[], description="steps of a runbook whose rollbacks were exercised"
    )


class DrillStatus(BaseModel):
    """A drill, and whether what it proves was proved of late."""

    name: str
    description: str
    fault: str
    service: str | None
    production: bool = Field(description="whether a second person has to approve each run")
    state: DrillStanding
    ran_at: datetime | None
    due_at: datetime | None = Field(description="when it is overdue")
    evidence: DrillEvidence | None


class DrillsStatus(BaseModel):
    """All drills at one moment, worst first; `state` is that of their tile, null without any."""

    at: datetime
    state: Literal["up", "down", "unknown"] | None
    drills: list[DrillStatus]


class RunDrill(BaseModel):
    """Who wants it, where that is not who sends it, and why."""

    by: By = ""
    why: Why


class RefuseDrill(BaseModel):
    """Why it must not run."""

    why: Why


class DrillRun(BaseModel):
    """A run of a drill."""

    id: str
    state: str = Field(
        description="asked, while a second person has to approve it; refused; waiting, running, …"
    )
    steps: list[str] = Field(description="those that have ended")
    result: dict[str, Any] | None = Field(description="proved, failed or refused, and evidence")
    error: str | None


def drill_routes(drills: Drills, clock: Clock) -> APIRouter:
    """`/api/drills`."""
    routes = APIRouter(prefix="/api/drills", tags=["drills"])

    @routes.get("")
    async def get_drills() -> DrillsStatus:
        """How the drills stand, worst first."""
        return drills_status(drills, clock)

    @routes.post("/{name}/runs", responses=problems(404, 503))
    async def run_drill(name: BookName, asked: RunDrill, person: Operator) -> DrillRun:
        """Ask for a run; one that waits or runs already is given back instead. What is marked
        production waits until a second person approves it."""
        try:
            by = acting(person, asked.by)
            run = await drills.ask(name, by, person.name, asked.why)
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        return await _shown(drills, name, run)

    @routes.post("/{name}/runs/{run}/approval", responses=problems(403, 404, 503))
    async def approve_drill(name: BookName, run: BookName, person: Approver) -> DrillRun:
        """Consent to a run that another person has asked for; it begins."""
        try:
            await drills.approve(name, run, person.name)
        except RefusedError as error:
            raise HTTPException(403, str(error)) from None
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        return await _shown(drills, name, run)

    @routes.post("/{name}/runs/{run}/refusal", responses=problems(403, 404, 503))
    async def refuse_drill(
        name: BookName, run: BookName, asked: RefuseDrill, person: Approver
    ) -> DrillRun:
        """Say no to a run that was asked for: nobody can approve it any more."""
        try:
            await drills.decline(name, run, person.name, asked.why)
        except RefusedError as error:
            raise HTTPException(403, str(error)) from None
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        return await _shown(drills, name, run)

    @routes.get("/{name}/runs/{run}", responses=problems(404, 503))
    async def get_drill_run(name: BookName, run: BookName) -> DrillRun:
        """How far a run is, and what came of it."""
        return await _shown(drills, name, run)

    return routes


def drills_status(drills: Drills, clock: Clock) -> DrillsStatus:
    """For the tile and the list."""
    verdict: Any = drills.verdict()
    listed = [drill_view(each) for each in drills.standings()]
    return DrillsStatus(at=moment(clock.now()), state=verdict, drills=listed)


def drill_family(drills: Drills) -> Callable[[list[str]], None]:
    """What appends the metrics."""

    def add(lines: list[str]) -> None:
        _add(drills.standings(), lines)

    return add


def _add(listed: Sequence[Standing], lines: list[str]) -> None:
    """What was never measured has no sample."""
    add_family(
        lines,
        "opsbook_drill_state",
        "1 for the state in which a drill is, 0 for the others.",
        (
            ({"drill": each.drill, "state": state.value}, float(each.state is state))
            for each in listed
            for state in DrillState
        ),
    )
    add_family(
        lines,
        "opsbook_drill_seconds",
        "How long it took to detect, to tell and to recover in the last run.",
        (
            ({"drill": each.drill, "phase": phase}, seconds)
            for each in listed
            for phase in _PHASES
            if (seconds := (each.evidence or {}).get(f"{phase}_seconds")) is not None
        ),
    )
    add_family(
        lines,
        "opsbook_drill_last_run_timestamp_seconds",
        "When the last run ended.",
        (({"drill": each.drill}, each.ran_at) for each in listed if each.ran_at is not None),
    )


def drill_view(standing: Standing) -> DrillStatus:
    known = standing.evidence
    return DrillStatus(
        name=standing.drill,
        description=standing.settings.description,
        fault=standing.settings.fault.subject,
        service=standing.settings.target,
        production=standing.production,
        state=standing.state.value,
        ran_at=moment(standing.ran_at) if standing.ran_at is not None else None,
        due_at=moment(standing.due_at) if standing.due_at is not None else None,
        evidence=DrillEvidence(**known) if known is not None else None,
    )


async def _shown(drills: Drills, name: str, run: str) -> DrillRun:
    try:
        return _run(await drills.show(run))
    except UnknownRunError as error:
        if (no := await drills.declined(name, run)) is not None:
            said = f"refused by {no.actor}: {no.as_dict()['body']['why']}"
            return DrillRun(id=run, state="refused", steps=[], result=None, error=said)
        if await drills.awaits_approval(name, run):
            return DrillRun(id=run, state="asked", steps=[], result=None, error=None)
        raise HTTPException(404, str(error)) from None


def _run(info: RunInfo) -> DrillRun:
    result: Any = info.result
    steps = [step.name for step in info.steps]
    return DrillRun(id=info.id, state=info.state, steps=steps, result=result, error=info.error)
