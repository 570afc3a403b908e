"""`sql`: one statement is run in a database."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from opsbook.book.fields import Duration, TextOrSecret, revealed
from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.probes.conditions import Condition
from opsbook.probes.model import Value
from opsbook.probes.value import as_value
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.databases.database import (
    MOST_ROWS_COUNTED,
    MOST_ROWS_KEPT,
    Answer,
    Bound,
    CommitLostError,
    DatabaseFailedError,
    Statement,
)
from opsbook.runbooks.databases.names import value_names
from opsbook.runbooks.databases.urls import database_at, plain_url
from opsbook.runbooks.expectation import demand
from opsbook.runbooks.fitting import fitted, simple
from opsbook.runbooks.noting import note, noted
from opsbook.runbooks.settings import Word
from opsbook.runbooks.stopping import unless_stopped
from opsbook.runbooks.template import Template


class Found(Section):
    """What the statement has to find or change; of a change that does not, nothing remains."""

    rows: Condition | None = None
    """The number of rows that it gives or changes."""
    value: Condition | None = None
    """The first column of the first row."""


class _UndoneError(Exception):
    """It was only tried."""


class Sql(Action):
    """Runs one statement: reading only, or in a transaction of its own that changes something."""

    database: TextOrSecret
    """postgresql://user@host/database or sqlite:///path; with a password in it, a secret."""
    statement: Annotated[str, Field(min_length=1)]
    """One statement. Each `:name` in it stands for a value of `with`."""
    with_: dict[Word, Template] = Field(default={}, alias="with")
    """Name → value. It is given to the database beside the statement, never pasted into it."""
    reads: bool = False
    """Whether it only reads: it is then run where nothing can be changed, and its class is 0."""
    expect: Found = Found()
    locks_within: Duration = Field(default=5.0, gt=0)
    """How long to wait for others who hold what it needs."""
    repeatable: bool = False
    """Whether doing it twice is as good as once. If not, nobody knows after a crash in the
    middle whether it was done, and it is not done again by itself."""
    preview_: Literal["show", "rollback"] = Field(default="show", alias="preview")
    """What a dry run does: show the statement, or run it, count its rows and roll it back, which
    takes the same locks and sets off the same triggers."""

    class_told: ClassVar[str] = (
        "0 with `reads: true`; of a change only the book knows it, and must say it."
    )
    gives: ClassVar[Mapping[str, str]] = {
        "rows": f"the first {MOST_ROWS_KEPT} rows that it gave, each as column → value",
        "count": "rows that it gave or changed; of one that reads, counted up to "
        f"{MOST_ROWS_COUNTED}",
        "value": "first column of the first row; absent when NULL or without a row",
    }

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if isinstance(self.database, str):
            plain_url(self.database)
        if "{{" in self.statement:
            raise ValueError("no template in a statement: write :name, and its value in `with`")
        named = value_names(self.statement)
        if named != set(self.with_):
            odd = ", ".join(sorted(named ^ set(self.with_)))
            raise ValueError(f"the statement and `with` do not name the same values: {odd}")
        return self

    @property
    def subject(self) -> str:
        return " ".join(self.statement.split())[:100]

    @property
    def least_class(self) -> int | None:
        return 0 if self.reads else None

    async def preview(self, context: Context) -> Change | None:
        if self.reads:
            explain = self._statement(context, f"EXPLAIN {self.statement}", reads=True)
            await self._run(context, explain, _nothing)
            return None
        if self.preview_ == "show":
            return Change(
                self.subject, "not looked at", f"the statement with {self._told(context)}"
            )
        tried: list[Answer] = []

        async def undo(answer: Answer) -> None:
            tried.append(answer)
            raise _UndoneError

        with contextlib.suppress(_UndoneError):
            await self._run(context, self._statement(context, self.statement, reads=False), undo)
        return Change(self.subject, "as it is", f"{tried[0].count} rows touched")

    async def carry_out(self, context: Context) -> dict[str, Json]:
        once = not self.reads and not self.repeatable
        if once and noted(context, context.job_id):
            raise ActionUnknownError(
                f"{self.subject}: it was begun before, and nobody knows whether it was committed: "
                "see in the database, then have it done again or not"
            )

        async def accept(answer: Answer) -> None:
            self._judge(answer)
            if once:
                await note(context, context.job_id)

        statement = self._statement(context, self.statement, reads=self.reads)
        try:
            return _result(await self._run(context, statement, accept))
        except (ActionFailedError, asyncio.CancelledError):
            if once and noted(context, context.job_id):
                said = "it was stopped while the database committed"
                raise ActionUnknownError(f"{self.subject}: {said}") from None
            raise

    async def _run(self, context: Context, statement: Statement, accept: Any) -> Answer:
        database = database_at(revealed(self.database), context.hands.directory)
        work = database.carry_out(statement, accept)
        try:
            return await unless_stopped(context, self.subject, work)
        except DatabaseFailedError as error:
            raise ActionFailedError(f"{self.subject}: {error}") from None
        except CommitLostError as error:
            raise ActionUnknownError(f"{self.subject}: the commit was lost: {error}") from None

    def _statement(self, context: Context, statement: str, *, reads: bool) -> Statement:
        values = {name: self._bound(context, name) for name in self.with_}
        return Statement(statement, values, reads, context.within, self.locks_within)

    def _bound(self, context: Context, name: str) -> Bound:
        value = context.value(self.with_[name])
        if value is None or isinstance(value, str | int | float | bool):
            return value
        kind = type(value).__name__
        raise BadInputError(f"{self.subject}: {name} is a {kind}: give text, a number or a truth")

    def _told(self, context: Context) -> str:
        values = [f"{name} = {self._bound(context, name)}" for name in self.with_]
        return ", ".join(values) or "no values"

    def _judge(self, answer: Answer) -> None:
        result = _result(answer)
        wanted = {"rows": self.expect.rows, "value": self.expect.value}
        found: dict[str, Value] = {"rows": answer.count}
        value = _first(answer)
        if value is not None:
            found["value"] = value
        conditions = {name: each for name, each in wanted.items() if each is not None}
        demand(self.subject, conditions, found, result)


async def _nothing(_: Answer) -> None:
    """Accepts whatever it is."""


def _result(answer: Answer) -> dict[str, Json]:
    rows = fitted(
        {name: simple(as_value(value)) for name, value in row.items()} for row in answer.rows
    )
    value = _first(answer)
    result: dict[str, Json] = {"rows": rows, "count": answer.count}
    return result if value is None else {**result, "value": simple(value)}


def _first(answer: Answer) -> Value | None:
    columns = list(answer.rows[0].values()) if answer.rows else []
    return as_value(columns[0]) if columns else None
