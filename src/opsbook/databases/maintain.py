"""The steps of maintenance that a book may ask for, and the baselines that it wants."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from opsbook.book.fields import Duration, Percent
from opsbook.book.model import Section
from opsbook.book.written import Written


def _table(text: str) -> str:
    parts = text.split(".")
    if len(parts) > 2 or not all(parts) or "\0" in text:
        raise ValueError("not the name of a table or an index: write `name` or `schema.name`")
    return text


Named = Annotated[str, AfterValidator(_table)]
"""A table or an index, with its schema before a dot where it needs one."""

Stored = Literal["time", "unix_seconds", "unix_milliseconds"]
"""How a column holds times: as times, or as a number since 1970."""


class Vacuum(Section):
    """Free what dead rows hold. In SQLite the whole file is written anew."""

    tables: list[Named] = []
    """All tables if none are given; SQLite knows none."""
    analyze: bool = True
    """Refresh the planner's statistics as well."""
    dead_over: Percent | None = Field(default=None, ge=0)
    """Only tables whose dead rows are more than this share of the live ones."""


class Analyze(Section):
    """Refresh the planner's statistics."""

    tables: list[Named] = []
    """All tables if none are given."""


class Reindex(Section):
    """Build indexes anew, next to the old ones where the database can."""

    indexes: list[Named] = []
    """These indexes."""
    tables: list[Named] = []
    """All indexes of these tables; without both, all indexes of the database."""
    bloat_over: Percent | None = Field(default=None, ge=0, le=100)
    """Only indexes with more empty space than this; pgstattuple has to be there."""


class Retention(Section):
    """Delete old rows, in batches; with `archive` each batch moves there at once."""

    table: Named
    """Where old rows are."""
    column: str = Field(min_length=1)
    """When a row was made. A row without a time stays."""
    older_than: Duration = Field(gt=0)
    """Counted back from the moment at which the task is planned."""
    stored_as: Stored = "time"
    """How `column` holds times; without a zone they are UTC."""
    archive: Named | None = None
    """A table that has the columns of the first one."""
    batch: int = Field(default=5000, ge=1, le=100_000)
    """Rows at once: others wait for no more than these."""


class CreateIndex(Section):
    """An index that the database should have; built while others go on writing."""

    name: str = Field(min_length=1, max_length=63)
    """Where an index of this name is there already, nothing is done."""
    table: Named
    """What it is an index of."""
    columns: list[str] = Field(min_length=1)
    """In their order; ` desc` behind a name turns it round."""
    where: dict[str, str | int | bool] = {}
    """Only rows whose columns have these values."""

    @model_validator(mode="after")
    def _named(self) -> "CreateIndex":
        if not all(column.removesuffix(" desc").strip() for column in self.columns):
            raise ValueError("a column without a name: write `name` or `name desc`")
        return self


Period = Literal["day", "week", "month", "year"]
"""Of UTC; weeks begin on Monday."""


class Partitions(Section):
    """Partitions by time, made before rows for them come. None is ever removed."""

    table: Named
    """Partitioned by ranges of one column of dates or times."""
    by: Period
    """How much time each of them holds, in UTC."""
    ahead: int = Field(default=3, ge=0, le=400)
    """How many there are to be after that of now."""


class CloseIdle(Section):
    """Close connections that have done nothing for a long time."""

    longer_than: Duration = Field(gt=0)
    """Since the end of their last statement."""
    user: str | None = None
    """Only those of this user."""


class Integrity(Section):
    """Look whether the file is whole."""

    depth: Literal["quick", "full"] = "full"
    """`full` also holds every index against its table."""


class Optimise(Section):
    """Let SQLite refresh the statistics that it thinks stale."""


class MaintainStep(Written):
    """One step; exactly one key says what is done."""

    vacuum: Vacuum | None = None
    analyze: Analyze | None = None
    reindex: Reindex | None = None
    retention: Retention | None = None
    create_index: CreateIndex | None = None
    partitions: Partitions | None = None
    close_idle: CloseIdle | None = None
    integrity: Integrity | None = None
    optimise: Optimise | None = None

    @model_validator(mode="after")
    def _one(self) -> "MaintainStep":
        if len(self._given) != 1:
            raise ValueError(
                "a step does exactly one thing: give one of " + ", ".join(type(self).model_fields)
            )
        return self

    @property
    def kind(self) -> str:
        return next(iter(self._given))

    @property
    def settings(self) -> Section:
        return next(iter(self._given.values()))

    @property
    def _given(self) -> Mapping[str, Section]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if value is not None}


class Baseline(Section):
    """How many there were, mean and 95th percentile of durations that an application writes into
    a table."""

    table: Named
    """Where the application writes them."""
    duration: str = Field(min_length=1)
    """The column with the duration, in `unit`."""
    unit: Literal["s", "ms"] = "s"
    """Of the durations in the table: seconds or milliseconds."""
    time: str = Field(min_length=1)
    """The column that says when it was."""
    stored_as: Stored = "time"
    """How `time` holds times."""
    where: dict[str, str | int | bool] = {}
    """Only rows whose columns have these values, such as one operation's."""
    window: Duration = Field(default=7 * 86_400.0, gt=0)
    """How far back."""
