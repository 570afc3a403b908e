"""What a database holds: rows of its tables, and a hash of its structure."""

# ruff: noqa: S608 - the queries are put together from constants of this file

import hashlib
import time

from psycopg import sql
from psycopg.errors import QueryCanceled

from opsbook.backups.postgresql.login import Connection

LARGE_OBJECTS = "large objects"

_OWN = """
    n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = '{catalogue}'::pg_catalog.regclass
                      AND d.objid = {object}.oid AND d.deptype = 'e')
"""
"""Of the database itself: not the server's, and not a member of an extension."""

_RELATIONS = _OWN.format(catalogue="pg_catalog.pg_class", object="c")
_FUNCTIONS = _OWN.format(catalogue="pg_catalog.pg_proc", object="p")
_TYPES = _OWN.format(catalogue="pg_catalog.pg_type", object="t")

_TABLES = f"""
    SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::bigint
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {_RELATIONS}
    ORDER BY c.relpages, 1, 2
"""

_STRUCTURE = (
    f"""
    SELECT 'column', n.nspname, c.relname, c.relkind::text, a.attname,
           row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
           pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef,
           a.attidentity::text
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
          AND c.relpersistence <> 't' AND {_RELATIONS}
    """,
    f"""
    SELECT 'constraint', n.nspname, c.relname, k.conname, k.contype::text,
           k.conkey::text IS NULL, k.confrelid::pg_catalog.regclass::text, k.confupdtype::text,
           k.confdeltype::text
    FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE k.contype <> 'n' AND c.relpersistence <> 't' AND {_RELATIONS}
    """,
    f"""
    SELECT 'index', n.nspname, t.relname, c.relname, m.amname, i.indisunique, i.indnatts,
           i.indpred IS NULL, i.indexprs IS NULL,
           ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
                 WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey) ORDER BY 1)
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
         JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
         JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relpersistence <> 't' AND i.indisvalid AND {_RELATIONS}
    """,
    f"""
    SELECT 'function', n.nspname, p.proname, p.prokind::text,
           pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.md5(p.prosrc)
    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE {_FUNCTIONS}
    """,
    f"""
    SELECT 'enum', n.nspname, t.typname, e.enumlabel,
           row_number() OVER (PARTITION BY t.oid ORDER BY e.enumsortorder)
    FROM pg_catalog.pg_enum AS e JOIN pg_catalog.pg_type AS t ON t.oid = e.enumtypid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE {_TYPES}
    """,
    f"""
    SELECT 'trigger', n.nspname, c.relname, g.tgname, p.proname, g.tgtype
    FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
         JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT g.tgisinternal AND {_RELATIONS}
    """,
    f"""
    SELECT 'policy', n.nspname, c.relname, y.polname, y.polcmd::text, c.relrowsecurity
    FROM pg_catalog.pg_policy AS y JOIN pg_catalog.pg_class AS c ON c.oid = y.polrelid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE {_RELATIONS}
    """,
    f"""
    SELECT 'sequence', n.nspname, c.relname
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND {_RELATIONS}
    """,
    "SELECT 'extension', e.extname FROM pg_catalog.pg_extension AS e",
)
"""Names and types, and of expressions only that they are there: the text of an expression
changes from one version of the server to the next, and by being dumped and restored."""


_AT_EASE = (
    b"SET statement_timeout = 0",
    b"SET row_security = off",
    b"SET lock_timeout = 0",
    b"SET idle_in_transaction_session_timeout = 0",
    b"SET search_path = pg_catalog",
)
"""As pg_dump itself does, whatever the database's own settings say: rows hidden from this user
are an error and no smaller count."""


def at_ease(connection: Connection) -> None:
    """Before anything is counted: a database may have settings of its own. Raises psycopg.Error."""
    for statement in _AT_EASE:
        connection.execute(statement)


def counts(connection: Connection, until: float | None) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of every table, small ones first; and the server's guess for those that were not
    counted before `until` on the monotonic clock. Raises psycopg.Error."""
    exact: dict[str, int] = {}
    guessed: dict[str, int] = {}
    for schema, table, guess in connection.execute(_TABLES.encode()).fetchall():
        rows = _count(connection, schema, table, until)
        (guessed if rows is None else exact)[f"{schema}.{table}"] = guess if rows is None else rows
    # Large objects are listed where every user may read.
    query = b"SELECT count(*) FROM pg_catalog.pg_largeobject_metadata"
    objects = connection.execute(query).fetchone()
    if objects and objects[0]:
        exact[LARGE_OBJECTS] = objects[0]
    return exact, guessed


def structure(connection: Connection) -> str:
    """A hash that is the same before a dump and after its restore. Raises psycopg.Error."""
    # Names are then written with their schema, whoever asks.
    connection.execute(b"SET search_path = ''")
    rows = [row for query in _STRUCTURE for row in connection.execute(query.encode())]
    return hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()


def _count(connection: Connection, schema: str, table: str, until: float | None) -> int | None:
    """Counted in a savepoint, so that running out of time leaves the snapshot as it is."""
    query = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, table))
    left = None if until is None else until - time.monotonic()
    if left is not None and left <= 0:
        return None
    try:
        with connection.transaction():
            if left is not None:
                limit = f"SET LOCAL statement_timeout = {max(1, int(left * 1000))}"
                connection.execute(limit.encode())
            found = connection.execute(query).fetchone()
    except QueryCanceled:
        if until is None or time.monotonic() < until:
            raise
        return None
    return found[0] if found else None
