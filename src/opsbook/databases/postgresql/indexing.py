"""Indexes that a book wants, built while others go on writing."""

from psycopg import sql
from psycopg.errors import Error, LockNotAvailable

from opsbook.databases.maintain import CreateIndex
from opsbook.databases.model import Change, DatabaseError, LockedError, Task
from opsbook.databases.postgresql.names import Relation, relation
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session, words

_FOUND = """
    SELECT i.indisvalid AS valid, pg_get_indexdef(i.indexrelid) AS made_by
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %s) AND c.relname = %s
"""


async def plan_create_index(planner: Planner, step: CreateIndex) -> list[Task]:
    """Nothing where it is there already; an invalid one of its name has to go first."""
    table = await relation(planner.session, step.table)
    statement = _statement(step, table)
    found = await planner.session.rows(_FOUND, (table.oid, step.name))
    name = f"create index {step.name} on {table}"
    if found and found[0]["valid"]:
        return []
    if found:
        why = f"an invalid index of this name is there: DROP INDEX CONCURRENTLY {step.name}"
        return [Task(name, 2, [statement.as_string()], refused=why)]

    async def work(session: Session) -> Change:
        try:
            await session.run(statement)
        except Error as error:
            await _tell_what_is_left(session, table, step, error)
            raise
        made = await session.rows(_FOUND, (table.oid, step.name))
        return Change({"indexes": 0}, {"indexes": 1}, made[0]["made_by"])

    needs = "space on the server's disk; locks that let others go on"
    return [planner.task(name, 2, [statement.as_string()], work, needs=needs)]


async def _tell_what_is_left(
    session: Session, table: Relation, step: CreateIndex, error: Error
) -> None:
    """Raises DatabaseError where the server left the index behind, invalid."""
    if error.sqlstate is None or not await session.rows(_FOUND, (table.oid, step.name)):
        return
    kind = LockedError if isinstance(error, LockNotAvailable) else DatabaseError
    remedy = f"a `reindex` step drops it, or DROP INDEX CONCURRENTLY {step.name}"
    raise kind(f"{session.subject}: {words(error)}; it is left invalid: {remedy}") from None


def _statement(step: CreateIndex, table: Relation) -> sql.Composable:
    conditions = [
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value))
        for column, value in step.where.items()
    ]
    return sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} ({}){}").format(
        sql.Identifier(step.name),
        table.identifier,
        sql.SQL(", ").join(map(_column, step.columns)),
        sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(conditions))
        if conditions
        else sql.SQL(""),
    )


def _column(written: str) -> sql.Composable:
    name = written.removesuffix(" desc")
    return sql.SQL("{}{}").format(
        sql.Identifier(name.strip()), sql.SQL(" DESC" if name != written else "")
    )
