"""An index as a book wants it: what makes it, and whether it is there."""

from collections.abc import Mapping
from typing import Literal, LiteralString

from psycopg import sql

from opsbook.databases.maintain import CreateIndex
from opsbook.databases.postgresql.names import Relation
from opsbook.databases.postgresql.session import Row, Session

_FOUND = """
    SELECT i.indisvalid AS valid, pg_get_indexdef(i.indexrelid) AS made_by
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %s) AND c.relname = %s
"""
_CREATE: Mapping[str, LiteralString] = {
    "CONCURRENTLY": "CREATE INDEX CONCURRENTLY {} ON {} ({}){}",
    "ONLY": "CREATE INDEX {} ON ONLY {} ({}){}",
}


async def found(session: Session, table: Relation, name: str) -> Row | None:
    """The index of this name beside a table, with `valid` and `made_by`."""
    rows = await session.rows(_FOUND, (table.oid, name))
    return rows[0] if rows else None


def created(
    step: CreateIndex, name: str, table: Relation, how: Literal["CONCURRENTLY", "ONLY"]
) -> sql.Composable:
    """CONCURRENTLY, or of a partitioned table ONLY, without its partitions."""
    conditions = [
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value))
        for column, value in step.where.items()
    ]
    beginning = {
        "CONCURRENTLY": "CREATE INDEX CONCURRENTLY {} ON",
        "ONLY": "CREATE INDEX {} ON ONLY",
    }
    return sql.SQL(beginning[how] + " {} ({}){}").format(
        sql.Identifier(name),
        table.identifier,
        sql.SQL(", ").join(map(_column, step.columns)),
        sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(conditions))
        if conditions
        else sql.SQL(""),
    )


def dropped(table: Relation, name: str) -> sql.Composable:
    """Of an index beside a table."""
    return sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(table.schema, name))


def _column(written: str) -> sql.Composable:
    name = written.removesuffix(" desc")
    return sql.SQL("{}{}").format(
        sql.Identifier(name.strip()), sql.SQL(" DESC" if name != written else "")
    )
