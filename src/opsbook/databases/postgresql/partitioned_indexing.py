"""Indexes of partitioned tables, which PostgreSQL builds concurrently only partition by partition.

https://www.postgresql.org/docs/current/ddl-partitioning.html: the index of the table is made empty,
each partition gets its own, and when all are attached that of the table is valid. Partitions that
come later get theirs by themselves.
"""

from psycopg import sql

from opsbook.databases.maintain import CreateIndex
from opsbook.databases.model import Change, Task
from opsbook.databases.postgresql.definition import created, dropped, found
from opsbook.databases.postgresql.names import Relation
from opsbook.databases.postgresql.planner import Planner
from opsbook.databases.postgresql.session import Row, Session

_PARTITIONS = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS divided,
        EXISTS (
            SELECT FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid
            WHERE i.indrelid = c.oid AND h.inhparent = to_regclass(%s)
        ) AS attached
    FROM pg_inherits p
    JOIN pg_class c ON c.oid = p.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE p.inhparent = %s ORDER BY c.relname
"""
_IS_PARTITIONED = "SELECT relkind = 'p' AS divided FROM pg_class WHERE oid = %s"
_LONGEST_NAME = 63


async def is_partitioned(session: Session, table: Relation) -> bool:
    return bool((await session.row(_IS_PARTITIONED, (table.oid,)))["divided"])


async def plan_partitioned_index(
    planner: Planner, step: CreateIndex, table: Relation
) -> list[Task]:
    """A task for the table where its index is not there, and one for each partition without."""
    there = await found(planner.session, table, step.name)
    if there and there["valid"]:
        return []
    parts = await _partitions(planner.session, step, table)
    tasks = [] if there else [_whole(planner, step, table, {row["oid"] for row in parts})]
    lacking = [_Part(step, table, row) for row in parts if not row["attached"]]
    return tasks + [await _of(planner, each) for each in lacking]


class _Part:
    """A partition, and its index, which has a name of its own."""

    def __init__(self, step: CreateIndex, table: Relation, row: Row) -> None:
        self.table, self.divided = Relation(row["oid"], row["schema"], row["name"]), row["divided"]
        self.index = f"{self.table.name}_{step.name}"[:_LONGEST_NAME]
        self.create = created(step, self.index, self.table, "CONCURRENTLY")
        self.drop = dropped(self.table, self.index)
        self.attach = sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(
            sql.Identifier(table.schema, step.name), sql.Identifier(self.table.schema, self.index)
        )

    async def build(self, session: Session) -> Change:
        """What of it is not done yet."""
        here = await found(session, self.table, self.index)
        if here and not here["valid"]:
            await session.run(self.drop)
        if not here or not here["valid"]:
            await session.run(self.create)
        await session.run(self.attach)
        made = await found(session, self.table, self.index)
        return Change({"indexes": 0}, {"indexes": 1}, made["made_by"] if made else "")


def _whole(planner: Planner, step: CreateIndex, table: Relation, planned: set[int]) -> Task:
    statement = created(step, step.name, table, "ONLY")

    async def work(session: Session) -> Change:
        """With the index of each partition that was not there yet when it was planned."""
        if not await found(session, table, step.name):
            await session.run(statement)
        for row in await _partitions(session, step, table):
            if row["oid"] not in planned and not row["attached"] and not row["divided"]:
                await _Part(step, table, row).build(session)
        return Change({"indexes": 0}, {"indexes": 1})

    needs = "a lock on the table that lets others only read, for a moment"
    name = f"create index {step.name} on {table}"
    return planner.task(name, 2, [statement.as_string()], work, again=work, needs=needs)


async def _of(planner: Planner, part: _Part) -> Task:
    name = f"create index {part.index} on {part.table}"
    if part.divided:
        return Task(name, 2, (), refused=f"{part.table} is partitioned itself: do it by hand")
    there = await found(planner.session, part.table, part.index)
    statements = [part.drop] if there and not there["valid"] else []
    statements += [part.attach] if there and there["valid"] else [part.create, part.attach]
    needs = "space on the server's disk; locks that let others go on"
    words = [each.as_string() for each in statements]
    return planner.task(name, 2, words, part.build, again=part.build, needs=needs)


async def _partitions(session: Session, step: CreateIndex, table: Relation) -> list[Row]:
    index = sql.Identifier(table.schema, step.name).as_string()
    return await session.rows(_PARTITIONS, (index, table.oid))
