"""Old rows deleted, or moved to an archive, in batches: one statement each.

A statement that deletes and inserts is done or not done, whatever is killed meanwhile: no row is
in both tables, none in neither. The cut-off is fixed when the task is planned.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from opsbook.databases.maintain import Retention
from opsbook.databases.model import Change, DatabaseError, LockedError, Task
from opsbook.databases.postgresql.names import Relation, moment, relation
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session, words

_COUNT = "SELECT count(*) AS rows FROM {table} WHERE {column} < %(cut)s"
_DOOMED = """
    WITH doomed AS (
        SELECT tableoid AS in_table, ctid AS at FROM {table} WHERE {column} < %(cut)s
        LIMIT %(batch)s FOR UPDATE
    )
    DELETE FROM {table} AS t USING doomed AS d
    WHERE t.ctid = d.at AND t.tableoid = d.in_table AND t.{column} < %(cut)s
"""
"""A ctid is a row's place, which is its own only together with the table: partitions."""

_MOVED = """
    WITH doomed AS (
        SELECT tableoid AS in_table, ctid AS at FROM {table} WHERE {column} < %(cut)s
        LIMIT %(batch)s FOR UPDATE
    ), moved AS (
        DELETE FROM {table} AS t USING doomed AS d
        WHERE t.ctid = d.at AND t.tableoid = d.in_table AND t.{column} < %(cut)s
        RETURNING {returned}
    )
    INSERT INTO {archive} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM moved
"""
_COLUMNS = """
    SELECT attname AS name, attgenerated <> '' AS generated FROM pg_attribute
    WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_FOLLOWED = """
    SELECT conrelid::regclass::text AS name FROM pg_constraint
    WHERE confrelid = %s AND contype = 'f' AND confdeltype IN ('c', 'n', 'd')
"""


async def plan_retention(planner: Planner, step: Retention) -> list[Task]:
    """Counted first: a dry run shows how many rows there are."""
    session = planner.session
    table = await relation(session, step.table, ["r", "p"])
    cut = moment(planner.now - step.older_than, step.stored_as)
    archive = await relation(session, step.archive, ["r", "p"]) if step.archive else None
    statement = await _statement(session, step, table, archive)
    until = datetime.fromtimestamp(planner.now - step.older_than, UTC).isoformat(timespec="seconds")
    counted = await _counted(session, step, table, cut)
    what = f"move {table} to {archive}" if archive else f"delete rows of {table}"
    followed = [row["name"] for row in await session.rows(_FOLLOWED, (table.oid,))]
    needs = f"row locks, {step.batch} rows at once"
    if followed:
        needs += f"; ALSO CHANGES {', '.join(followed)}, whose rows refer to these"

    async def work(session: Session) -> Change:
        return await _in_batches(session, step, table, statement, cut)

    return [
        planner.task(
            f"{what}, older than {until}",
            2,
            [statement.as_string()],
            work,
            again=work,
            preview=f"{counted['rows']} rows",
            needs=needs,
        )
    ]


async def _statement(
    session: Session, step: Retention, table: Relation, archive: Relation | None
) -> sql.Composable:
    names = {"table": table.identifier, "column": sql.Identifier(step.column)}
    if archive is None:
        return sql.SQL(_DOOMED).format(**names)
    columns = await _columns(session, table, archive)
    return sql.SQL(_MOVED).format(
        **names,
        archive=archive.identifier,
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        returned=sql.SQL(", ").join(sql.Identifier("t", each) for each in columns),
    )


async def _columns(session: Session, table: Relation, archive: Relation) -> Sequence[str]:
    """What the archive takes. Raises DatabaseError if it has no room for some column."""
    if table.oid == archive.oid:
        raise DatabaseError(f"{session.subject}: {table} cannot be its own archive")
    wanted = [row["name"] for row in await session.rows(_COLUMNS, (table.oid,))]
    there = {row["name"]: row["generated"] for row in await session.rows(_COLUMNS, (archive.oid,))}
    missing = [name for name in wanted if name not in there]
    if missing:
        lost = ", ".join(missing)
        raise DatabaseError(
            f"{session.subject}: the archive {archive} has no column {lost}, "
            "whose values would be lost: add it"
        )
    return [name for name in wanted if not there[name]]


async def _in_batches(
    session: Session, step: Retention, table: Relation, statement: sql.Composable, cut: Any
) -> Change:
    before = await _counted(session, step, table, cut)
    done = 0
    try:
        while changed := await session.run(statement, {"cut": cut, "batch": step.batch}):
            done += changed
    except psycopg.Error as error:
        kind = LockedError if isinstance(error, psycopg.errors.LockNotAvailable) else DatabaseError
        said = f"{done} rows are done and stay so; the next maintenance goes on with the others"
        raise kind(f"{session.subject}: {words(error)}; {said}") from None
    after = await _counted(session, step, table, cut)
    said = f"{done} rows" + (f"; {after['rows']} are left" if after["rows"] else "")
    return Change(before, after | {"rows_done": done}, said)


async def _counted(session: Session, step: Retention, table: Relation, cut: Any) -> dict[str, Any]:
    query = sql.SQL(_COUNT).format(column=sql.Identifier(step.column), table=table.identifier)
    row: Mapping[str, Any] = await session.row(query.as_string(), {"cut": cut})
    return {"rows": row["rows"]}
