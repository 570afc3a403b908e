"""Indexes built anew next to the old ones, and what an earlier try left behind."""

import re

import psycopg
from psycopg import sql

from opsbook.core.units import format_size
from opsbook.databases.maintain import Reindex
from opsbook.databases.model import Change, DatabaseError, LockedError, Task, Value
from opsbook.databases.postgresql.indexes import INVALID
from opsbook.databases.postgresql.names import Relation, relation, relations
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session, words

_WHOLE = 50
"""Bytes of an index's name that PostgreSQL surely keeps in that of what it leaves behind."""
_OF_TABLE = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE i.indrelid = %s AND c.relkind = 'i' AND i.indisvalid AND NOT i.indisexclusion
    ORDER BY 3
"""
"""CONCURRENTLY knows no indexes of exclusion constraints (manual of REINDEX)."""

_SPACE = """
    SELECT CASE WHEN am.amname = 'btree' THEN 100 - s.avg_leaf_density END AS percent
    FROM pg_class c JOIN pg_am am ON am.oid = c.relam
    CROSS JOIN LATERAL {schema}.pgstatindex(c.oid::regclass) s WHERE c.oid = %s
"""


async def plan_reindex(planner: Planner, step: Reindex) -> list[Task]:
    """First what was left behind is dropped, for it takes space and is never used."""
    tasks = await _left_behind(planner)
    for index in await _indexes(planner.session, step):
        tasks += await _rebuilt(planner, step, index)
    return tasks


async def _indexes(session: Session, step: Reindex) -> list[Relation]:
    named = [await relation(session, each, ["i"]) for each in step.indexes]
    if named and not step.tables:
        return named
    for table in await relations(session, step.tables):
        named += [Relation(**row) for row in await session.rows(_OF_TABLE, (table.oid,))]
    return list(dict.fromkeys(named))


async def _left_behind(planner: Planner) -> list[Task]:
    """PostgreSQL names them after the index, with _ccnew or _ccold and perhaps a number."""
    tasks = []
    for row in await planner.session.rows(INVALID):
        name = f"drop invalid index {row['schema']}.{row['name']}"
        identifier = sql.Identifier(row["schema"], row["name"])
        statement = sql.SQL("DROP INDEX CONCURRENTLY {}").format(identifier)
        told = {"preview": f"on {row['table_name']}", "needs": "a lock that lets others go on"}
        tasks.append(planner.statement(name, 2, statement, _invalid, **told))
    return tasks


async def _rebuilt(planner: Planner, step: Reindex, index: Relation) -> list[Task]:
    name = f"reindex {index}"
    statement = sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(index.identifier)
    size = (await _measured(planner.session, index))["size_bytes"]
    preview = format_size(float(size))
    if step.bloat_over is not None:
        percent = await _empty(planner, index)
        if isinstance(percent, str):
            return [Task(name, 1, [statement.as_string()], preview, refused=percent)]
        if percent <= step.bloat_over:
            return []
        preview += f", {percent:.1f} % of it empty"

    async def work(session: Session) -> Change:
        before = await _measured(session, index)
        try:
            await session.run(statement)
        except psycopg.Error as error:
            await _tell_what_is_left(session, index, error)
            raise
        return Change(before, await _measured(session, index))

    async def again(session: Session) -> Change:
        await _drop_left_behind(session, index)
        return await work(session)

    needs = f"{format_size(float(size))} free on the server's disk; locks that let others go on"
    told = {"preview": preview, "needs": needs}
    return [planner.task(name, 1, [statement.as_string()], work, again, **told)]


async def _drop_left_behind(session: Session, index: Relation) -> None:
    """What an Opsbook that died during it was building, or had not dropped yet."""
    stem = re.escape(index.name)
    if len(index.name.encode()) > _WHOLE:
        stem = re.escape(index.name[: _WHOLE // 2]) + ".*"
    for row in await session.rows(INVALID):
        named = re.fullmatch(rf"{stem}_cc(new|old)\d*", row["name"])
        if named and row["schema"] == index.schema:
            identifier = sql.Identifier(row["schema"], row["name"])
            await session.run(sql.SQL("DROP INDEX CONCURRENTLY {}").format(identifier))


async def _empty(planner: Planner, index: Relation) -> float | str:
    """The share of the leaves that is empty, in percent, or why it is not known."""
    schema = planner.extensions.get("pgstattuple")
    if schema is None:
        return "its empty space is unknown: CREATE EXTENSION pgstattuple, or leave out bloat_over"
    query = sql.SQL(_SPACE).format(schema=sql.Identifier(schema)).as_string()
    try:
        percent = (await planner.session.row(query, (index.oid,)))["percent"]
    except psycopg.errors.InsufficientPrivilege:
        return "its empty space is unknown: GRANT pg_stat_scan_tables to the role"
    except psycopg.errors.FeatureNotSupported:
        percent = None
    if percent is None:
        return "its empty space is unknown: pgstattuple only measures b-trees"
    return float(percent)


async def _tell_what_is_left(session: Session, index: Relation, error: psycopg.Error) -> None:
    """Raises DatabaseError where the server left an index behind, and names it."""
    if error.sqlstate is None:
        return
    stem = index.name[:50]
    left = [row["name"] for row in await session.rows(INVALID) if row["name"].startswith(stem)]
    if not left:
        return
    kind = LockedError if isinstance(error, psycopg.errors.LockNotAvailable) else DatabaseError
    remedy = "the next maintenance drops it, as a task of class 2"
    raise kind(
        f"{session.subject}: {words(error)}; the invalid index {', '.join(left)} is left: {remedy}"
    ) from None


async def _measured(session: Session, index: Relation) -> dict[str, Value]:
    """The name outlives the old index, its number does not."""
    query = "SELECT pg_relation_size(to_regclass(%s)) AS size"
    row = await session.row(query, (index.identifier.as_string(),))
    if row["size"] is None:
        raise DatabaseError(f"{session.subject}: the index {index} is gone")
    return {"size_bytes": row["size"]}


async def _invalid(session: Session) -> dict[str, Value]:
    return {"invalid_indexes": len(await session.rows(INVALID))}
