"""Databases: how each stands, what maintenance would do, and doing it. Under `/api/databases`."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import mask
from opsbook.databases.care import Care, CareState
from opsbook.databases.model import Cell, DatabaseError, Level, Report, Task, TaskResult, Value
from opsbook.databases.recorder import FIGURE, numbers
from opsbook.databases.round import Round
from opsbook.databases.service import Databases, Standing
from opsbook.durable.port import DurableError
from opsbook.state.people import Person
from opsbook.web.access import Operator, acting
from opsbook.web.family import add_family
from opsbook.web.inputs import BookName, By, Why, Word
from opsbook.web.moments import moment, moment_or_none
from opsbook.web.problems import problems
from opsbook.web.roles import Approver, Viewer

LevelName = Literal["fine", "over", "unknown"]
CareName = Literal["good", "waiting", "late", "failed", "never ran"]


class FigureStatus(BaseModel):
    """A number about a database; null for what is not known."""

    name: str = Field(description="ends with its unit: _bytes, _percent, _seconds")
    meaning: str
    value: Value | None
    limit: float | None = Field(description="what it may be at most")
    level: LevelName
    why: str = Field(description="why it is not known")


class ListingStatus(BaseModel):
    """Rows that tell more than a number."""

    name: str
    columns: list[str]
    rows: list[list[Cell]]
    why: str = Field(description="why it is not known, or only in part")


class AdviceStatus(BaseModel):
    """What a person may want to do."""

    statement: str
    action_class: int
    why: str


class CareStatus(BaseModel):
    """How the maintenance of a database stands."""

    state: CareName | None = Field(description="null where nobody does it by itself")
    why: str
    next_at: datetime | None = Field(description="when it begins by itself")
    last_at: datetime | None = Field(description="when the last one ended, whoever asked for it")
    last_by: str
    last_done: bool | None = Field(description="whether everything was done")
    last_said: str = Field(description="why not everything was done")
    digest: str = Field(description="of what the book asks for now: what an approver signs")
    needs_signature: bool = Field(description="whether it would do something of class 2 by itself")
    signed_by: str = Field(description="empty where nobody signed what the book asks for now")
    signed_at: datetime | None


class DatabaseStatus(BaseModel):
    """How a database stands, as it was last seen."""

    name: str
    kind: str
    subject: str
    description: str
    level: LevelName
    at: datetime | None
    trouble: str = Field(description="why there is no report")
    maintained_at: datetime | None = Field(description="when its last maintenance began or ended")
    maintenance: CareStatus


class DatabaseReport(DatabaseStatus):
    """A report, made now."""

    figures: list[FigureStatus]
    listings: list[ListingStatus]
    advice: list[AdviceStatus]


class TaskStatus(BaseModel):
    """What would be done, and what would refuse it."""

    name: str
    action_class: int
    statements: list[str]
    preview: str = Field(description="what it will change, counted now")
    needs: str = Field(description="space and locks")
    refused: str


class ResultStatus(BaseModel):
    """What came of a task."""

    task: str
    action_class: int
    end: str = Field(description="done, locked, failed, refused, waiting or unknown")
    said: str
    before: dict[str, Value]
    after: dict[str, Value]
    seconds: float


class Maintain(BaseModel):
    """Who wants it, where that is not who sends it, and why."""

    by: By = ""
    why: Why
    confirm: Word = Field(
        default="", description="the database's name, without which nothing of class 2 is done"
    )


class Sign(BaseModel):
    """Who consents, where that is not who sends it, and why."""

    by: By = ""
    why: Why
    digest: Word = Field(
        default="", description="of what was read; refused where the book asks for other things"
    )


class Maintenance(BaseModel):
    """A maintenance, under way or over."""

    id: str
    database: str
    by: str
    why: str
    began_at: datetime
    ended_at: datetime | None
    tasks: list[str]
    results: list[ResultStatus]
    done: bool = Field(description="whether everything was done")
    trouble: str = Field(description="why it did not come to its end")
    before: dict[str, Value | None] = Field(description="figures before the first task")
    after: dict[str, Value | None] = Field(description="figures after the last task")


def database_routes(databases: Databases) -> APIRouter:
    """`/api/databases`."""
    routes = APIRouter(prefix="/api/databases", tags=["databases"])

    @routes.get("")
    async def list_databases() -> list[DatabaseStatus]:
        """How the databases stand, as they were last seen."""
        return [_status(databases, each) for each in databases.standings()]

    @routes.get("/{name}/report", responses=problems(404))
    async def get_database_report(name: BookName, person: Viewer) -> DatabaseReport:
        """Look at a database now."""
        try:
            return _reported(databases, await databases.look(name))
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None

    @routes.get("/{name}/plan", responses=problems(404, 502))
    async def plan_maintenance(name: BookName, person: Viewer) -> list[TaskStatus]:
        """What maintenance would do now; nothing is changed."""
        try:
            return [_task(each) for each in await databases.plan(name)]
        except BadInputError as error:
            raise HTTPException(404, str(error)) from None
        except DatabaseError as error:
            raise HTTPException(502, mask(str(error))) from None

    @routes.post("/{name}/maintenance", responses=problems(404, 409, 502, 503))
    async def start_maintenance(name: BookName, wanted: Maintain, person: Operator) -> Maintenance:
        """Begin maintenance; tasks of class 2 are refused where `confirm` is not the name."""
        by = acting(person, wanted.by)
        try:
            databases.known(name)
            return _round(await databases.maintain(name, by, wanted.why, wanted.confirm))
        except BadInputError as error:
            raise HTTPException(409 if name in databases.settings else 404, str(error)) from None
        except DatabaseError as error:
            raise HTTPException(502, mask(str(error))) from None
        except DurableError as error:
            raise HTTPException(503, mask(str(error))) from None

    @routes.post("/{name}/signature", responses=problems(400, 404, 503))
    async def sign_maintenance(name: BookName, wanted: Sign, person: Approver) -> DatabaseStatus:
        """Consent to what the book asks for now being done by itself, tasks of class 2 too."""
        by = Person(acting(person, wanted.by), person.role)
        try:
            databases.known(name)
            await databases.sign(name, by, wanted.why, wanted.digest)
        except BadInputError as error:
            raise HTTPException(400 if name in databases.settings else 404, str(error)) from None
        except DatabaseError as error:
            raise HTTPException(503, str(error)) from None
        (standing,) = [each for each in databases.standings() if each.name == name]
        return _status(databases, standing)

    @routes.get("/{name}/maintenance", responses=problems(404))
    async def get_maintenance(name: BookName, person: Viewer) -> Maintenance:
        """The last maintenance, under way or over."""
        if name not in databases.rounds:
            raise HTTPException(404, f"no maintenance of {name!r} is known")
        return _round(databases.rounds[name])

    return routes


def database_family(databases: Databases) -> Callable[[list[str]], None]:
    """What appends the metrics. What is not known has no sample."""

    def add(lines: list[str]) -> None:
        listed = databases.standings()
        add_family(
            lines,
            FIGURE,
            "A figure of the last report on a database; its name ends with its unit.",
            (
                ({"database": each.name, "figure": name}, value)
                for each in listed
                for name, value in numbers(each.report).items()
            ),
        )
        add_family(
            lines,
            "opsbook_database_level",
            "1 for how a database stands in its last report, 0 for the others.",
            (
                ({"database": each.name, "level": level.value}, float(each.level is level))
                for each in listed
                for level in Level
            ),
        )
        cared = [(each.name, databases.care(each.name).state) for each in listed]
        add_family(
            lines,
            "opsbook_database_maintenance_state",
            "1 for how maintenance by itself stands, 0 for the others.",
            (
                ({"database": name, "state": state.value}, float(found is state))
                for name, found in cared
                if found is not None
                for state in CareState
            ),
        )

    return add


def _status(databases: Databases, standing: Standing) -> DatabaseStatus:
    settings, last = databases.settings[standing.name], databases.rounds.get(standing.name)
    cared = databases.care(standing.name)
    ended = cared.last.at if cared.last else None
    return DatabaseStatus(
        name=standing.name,
        kind=settings.kind,
        subject=settings.engine.subject,
        description=settings.description,
        level=standing.level.value,
        at=moment_or_none(standing.at),
        trouble=standing.trouble,
        maintained_at=moment_or_none(last.began if last else ended),
        maintenance=_care(cared),
    )


def _reported(databases: Databases, standing: Standing) -> DatabaseReport:
    report = standing.report or Report()
    meanings = databases.settings[standing.name].engine.measures
    return DatabaseReport(
        **_status(databases, standing).model_dump(),
        figures=[
            FigureStatus(
                name=each.name,
                meaning=meanings.get(each.name, ""),
                value=each.value,
                limit=each.limit,
                level=each.level.value,
                why=mask(each.why),
            )
            for each in report.figures.values()
        ],
        listings=[
            ListingStatus(
                name=each.name,
                columns=list(each.columns),
                rows=[[_masked(cell) for cell in row] for row in each.rows],
                why=mask(each.why),
            )
            for each in report.listings.values()
        ],
        advice=[
            AdviceStatus(statement=each.statement, action_class=each.action_class, why=each.why)
            for each in report.advice
        ],
    )


def _care(found: Care) -> CareStatus:
    last, signed = found.last, found.signature if found.signed else None
    return CareStatus(
        state=found.state.value if found.state else None,
        why=mask(found.why),
        next_at=moment_or_none(found.next_at),
        last_at=moment_or_none(last.at if last else None),
        last_by=last.by if last else "",
        last_done=last.done if last else None,
        last_said=mask(last.said) if last else "",
        digest=found.digest,
        needs_signature=found.needs_signature,
        signed_by=signed.by if signed else "",
        signed_at=moment_or_none(signed.at if signed else None),
    )


def _masked(cell: Cell) -> Cell:
    return mask(cell) if isinstance(cell, str) else cell


def _task(task: Task) -> TaskStatus:
    return TaskStatus(
        name=task.name,
        action_class=task.action_class,
        statements=[" ".join(each.split()) for each in task.statements],
        preview=task.preview,
        needs=task.needs,
        refused=mask(task.refused),
    )


def _round(found: Round) -> Maintenance:
    return Maintenance(
        id=found.id,
        database=found.database,
        by=found.by,
        why=found.why,
        began_at=moment(found.began),
        ended_at=moment_or_none(found.ended),
        tasks=[each.name for each in found.tasks],
        results=[_result(each) for each in found.results],
        done=found.done,
        trouble=mask(found.trouble),
        before=dict(found.before),
        after=dict(found.after),
    )


def _result(result: TaskResult) -> ResultStatus:
    return ResultStatus(
        task=result.task,
        action_class=result.action_class,
        end=result.end.value,
        said=mask(result.said),
        before=dict(result.before),
        after=dict(result.after),
        seconds=result.seconds,
    )
