"""Partitions by time, made before rows for them come.

https://www.postgresql.org/docs/current/ddl-partitioning.html. Times are those of UTC, in which each
session of ours is; a day, week (from Monday, ISO 8601), month or year begins at midnight there.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import sql

from opsbook.databases.maintain import Partitions, Period
from opsbook.databases.model import DatabaseError, Task, Value
from opsbook.databases.postgresql.names import Relation, relation
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session

_KEY = """
    SELECT p.partstrat AS strategy, p.partnatts AS columns, t.typname AS type
    FROM pg_partitioned_table p
    LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    WHERE p.partrelid = %s
"""
_BOUNDS = """
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = %s ORDER BY c.relname
"""
_TYPES = ("date", "timestamp", "timestamptz")
_RANGE = re.compile(r"FOR VALUES FROM \((.+)\) TO \((.+)\)")
_LONGEST_NAME = 63
"""Bytes that PostgreSQL keeps of a name."""
_NEEDS = "a lock on the table that keeps everybody out for a moment"


class Span(NamedTuple):
    """From its first moment up to the first one that is no longer in it."""

    begin: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.begin:%Y-%m-%d} to {self.end:%Y-%m-%d}"


async def plan_partitions(planner: Planner, step: Partitions) -> list[Task]:
    """A task for each period that has none yet: the one of now, and those ahead."""
    session = planner.session
    table = await relation(session, step.table, ["p"])
    await _check_key(session, table)
    there = [await _span(session, row["bound"]) for row in await _children(session, table)]
    default = None in there
    spans = [each for each in there if each is not None]
    tasks = []
    for wanted in _wanted(step, datetime.fromtimestamp(planner.now, UTC)):
        crossing = [each for each in spans if each.begin < wanted.end and wanted.begin < each.end]
        if any(each.begin <= wanted.begin and wanted.end <= each.end for each in crossing):
            continue
        tasks.append(_task(planner, table, step.by, wanted, crossing, default=default))
    return tasks


def _task(
    planner: Planner,
    table: Relation,
    by: Period,
    wanted: Span,
    crossing: list[Span],
    *,
    default: bool,
) -> Task:
    partition = _partition(table, by, wanted.begin)
    statement = sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
        partition.identifier,
        table.identifier,
        sql.Literal(f"{wanted.begin:%Y-%m-%d}"),
        sql.Literal(f"{wanted.end:%Y-%m-%d}"),
    )
    name = f"create partition {partition}"
    refused = ""
    if len(partition.name.encode()) > _LONGEST_NAME:
        refused = f"its name would be longer than {_LONGEST_NAME} bytes"
    elif crossing:
        refused = f"{wanted} is taken in part, by {', '.join(map(str, crossing))}: make it by hand"
    if refused:
        return Task(name, 2, [statement.as_string()], refused=refused)

    async def measure(session: Session) -> dict[str, Value]:
        return {"partitions": len(await _children(session, table))}

    needs = f"{_NEEDS}; its default partition is read whole" if default else _NEEDS
    preview = f"rows of {wanted}"
    return planner.statement(name, 2, statement, measure, preview=preview, needs=needs)


async def _check_key(session: Session, table: Relation) -> None:
    """Raises DatabaseError for what is not divided by ranges of one column of times."""
    key: dict[str, Any] = await session.row(_KEY, (table.oid,))
    if key["strategy"] != "r" or key["columns"] != 1 or key["type"] not in _TYPES:
        raise DatabaseError(
            f"{session.subject}: {table} is not partitioned by ranges of one column that is a "
            f"{', '.join(_TYPES)}: its partitions are made by hand"
        )


async def _children(session: Session, table: Relation) -> list[dict[str, Any]]:
    return await session.rows(_BOUNDS, (table.oid,))


async def _span(session: Session, bound: str) -> Span | None:
    """None for the default partition."""
    if (found := _RANGE.fullmatch(bound)) is None:
        return None
    return Span(*[await _moment(session, each) for each in found.groups()])


async def _moment(session: Session, text: str) -> datetime:
    if text in ("MINVALUE", "'-infinity'"):
        return datetime.min.replace(tzinfo=UTC)
    if text in ("MAXVALUE", "'infinity'"):
        return datetime.max.replace(tzinfo=UTC)
    row = await session.row("SELECT %s::timestamptz AS moment", (text.strip("'"),))
    moment: datetime = row["moment"]
    return moment.astimezone(UTC)


def _wanted(step: Partitions, now: datetime) -> list[Span]:
    begin, spans = _begin(step.by, now.date()), []
    for _ in range(step.ahead + 1):
        following = _next(step.by, begin)
        spans.append(Span(_midnight(begin), _midnight(following)))
        begin = following
    return spans


def _begin(by: Period, day: date) -> date:
    if by == "year":
        return day.replace(month=1, day=1)
    if by == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if by == "week" else day


def _next(by: Period, begin: date) -> date:
    if by == "year":
        return begin.replace(year=begin.year + 1)
    if by == "month":
        return (begin + timedelta(days=31)).replace(day=1)
    return begin + timedelta(days=7 if by == "week" else 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _partition(table: Relation, by: Period, begin: datetime) -> Relation:
    """`events_2026`, `events_2026_11`, `events_2026_w47`, `events_2026_11_21`."""
    year, week, _ = begin.isocalendar()
    ends: dict[Period, str] = {
        "year": f"{begin:%Y}",
        "month": f"{begin:%Y_%m}",
        "week": f"{year}_w{week:02}",
        "day": f"{begin:%Y_%m_%d}",
    }
    return Relation(0, table.schema, f"{table.name}_{ends[by]}")
