"""Names of tables as a book has them, and what stands behind them in the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from opsbook.databases.maintain import Stored
from opsbook.databases.model import DatabaseError
from opsbook.databases.postgresql.session import Session

_FOUND = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass(%s) AND c.relkind = ANY (%s)
"""
_ALL = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
    ORDER BY n.nspname, c.relname
"""
_TABLES = ["r", "m", "p"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or an index that there is."""

    oid: int
    schema: str
    name: str

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


async def relation(session: Session, named: str, kinds: Sequence[str] = _TABLES) -> Relation:
    """The one that is meant. Raises DatabaseError if there is none of these kinds."""
    quoted = sql.Identifier(*named.split(".")).as_string()
    rows = await session.rows(_FOUND, (quoted, list(kinds)))
    if not rows:
        raise DatabaseError(f"{session.subject}: there is no {named!r} that this can be done to")
    return Relation(**rows[0])


async def relations(session: Session, named: Sequence[str]) -> list[Relation]:
    """These tables; all of the database if none are named. Raises DatabaseError."""
    if named:
        return [await relation(session, each) for each in named]
    return [Relation(**row) for row in await session.rows(_ALL)]


def moment(seconds: float, stored: Stored) -> datetime | float:
    """A time as a column holds it."""
    if stored == "time":
        return datetime.fromtimestamp(seconds, UTC)
    return seconds * 1000 if stored == "unix_milliseconds" else seconds


def equalities(where: Mapping[str, Any]) -> list[sql.Composable]:
    """Conditions with a `%s` for each value, in the order of `where`."""
    return [sql.SQL("{} = %s").format(sql.Identifier(column)) for column in where]
