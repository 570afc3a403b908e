"""Databases: how each stands, what maintenance would do, and doing it. Under `/api/databases`."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import mask
from opsbook.databases.model import Cell, DatabaseError, Level, Report, Task, TaskResult, Value
from opsbook.databases.recorder import FIGURE, numbers
from opsbook.databases.service import Databases, Round, Standing
from opsbook.web.access import Operator, acting
from opsbook.web.family import add_family
from opsbook.web.inputs import BookName, By, Why, Word
from opsbook.web.moments import moment, moment_or_none
from opsbook.web.problems import problems
from opsbook.web.roles import Viewer

LevelName = Literal["fine", "over", "unknown"]


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


class DatabaseStatus(BaseModel):
    """How a database stands, as it was last seen."""

    name: str
    kind: str
    subject: str
    description: str
    level: LevelName
    at: datetime | None
    trouble: str = Field(description="why there is no report")
    maintained_at: datetime | None = Field(description="when the last maintenance of it began")


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
    end: str = Field(description="done, locked, failed or refused")
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

    @routes.post("/{name}/maintenance", responses=problems(404, 409, 502))
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

    @routes.get("/{name}/maintenance", responses=problems(404))
    async def get_maintenance(name: BookName, person: Viewer) -> Maintenance:
        """The last maintenance since the start, under way or over."""
        if name not in databases.rounds:
            raise HTTPException(404, f"no maintenance of {name!r} since the start")
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

    return add


def _status(databases: Databases, standing: Standing) -> DatabaseStatus:
    settings, last = databases.settings[standing.name], databases.rounds.get(standing.name)
    return DatabaseStatus(
        name=standing.name,
        kind=settings.kind,
        subject=settings.engine.subject,
        description=settings.description,
        level=standing.level.value,
        at=moment_or_none(standing.at),
        trouble=standing.trouble,
        maintained_at=moment_or_none(last.began if last else None),
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
        before=_figures(found.before),
        after=_figures(found.after),
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


def _figures(standing: Standing | None) -> dict[str, Value | None]:
    report = standing.report if standing else None
    return {name: each.value for name, each in report.figures.items()} if report else {}
