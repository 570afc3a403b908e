"""Indexes that a book wants, built while others go on writing."""

from psycopg.errors import Error, LockNotAvailable

from opsbook.databases.maintain import CreateIndex
from opsbook.databases.model import Change, DatabaseError, LockedError, Task
from opsbook.databases.postgresql.definition import created, dropped, found
from opsbook.databases.postgresql.names import Relation, relation
from opsbook.databases.postgresql.partitioned_indexing import (
    is_partitioned,
    plan_partitioned_index,
)
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Session, words

_NEEDS = "space on the server's disk; locks that let others go on"


async def plan_create_index(planner: Planner, step: CreateIndex) -> list[Task]:
    """Nothing where it is there already; an invalid one of its name goes first."""
    table = await relation(planner.session, step.table)
    if await is_partitioned(planner.session, table):
        return await plan_partitioned_index(planner, step, table)
    statement = created(step, step.name, table, "CONCURRENTLY")
    there = await found(planner.session, table, step.name)
    if there and there["valid"]:
        return []

    async def work(session: Session) -> Change:
        try:
            await session.run(statement)
        except Error as error:
            await _tell_what_is_left(session, table, step, error)
            raise
        made = await found(session, table, step.name)
        return Change({"indexes": 0}, {"indexes": 1}, made["made_by"] if made else "")

    async def anew(session: Session) -> Change:
        """What an earlier try left, or an Opsbook that died during it, is in the way."""
        left = await found(session, table, step.name)
        if left and not left["valid"]:
            await session.run(drop)
        return await work(session)

    drop = dropped(table, step.name)
    statements = [each.as_string() for each in ((drop, statement) if there else (statement,))]
    name, needs = f"create index {step.name} on {table}", _NEEDS
    return [planner.task(name, 2, statements, anew if there else work, anew, needs=needs)]


async def _tell_what_is_left(
    session: Session, table: Relation, step: CreateIndex, error: Error
) -> None:
    """Raises DatabaseError where the server left the index behind, invalid."""
    if error.sqlstate is None or not await found(session, table, step.name):
        return
    kind = LockedError if isinstance(error, LockNotAvailable) else DatabaseError
    remedy = "the next maintenance drops it and tries again"
    raise kind(f"{session.subject}: {words(error)}; it is left invalid: {remedy}") from None
