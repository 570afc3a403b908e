"""Statements in a PostgreSQL database."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row

from opsbook.core.stoppable import stoppable
from opsbook.runbooks.databases.database import (
    MOST_ROWS_COUNTED,
    MOST_ROWS_KEPT,
    Accept,
    Answer,
    CommitLostError,
    Database,
    DatabaseFailedError,
    Statement,
)
from opsbook.runbooks.databases.names import with_names

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]

_LIMITS = """
    SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)
"""


class Postgres(Database):
    """One connection for each statement."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def carry_out(self, statement: Statement, accept: Accept) -> Answer:
        try:
            connection = await self._connect()
            try:
                return await stoppable(_transact(connection, statement, accept))
            finally:
                await connection.close()
        except psycopg.Error as error:
            raise DatabaseFailedError(_words(error)) from None

    async def _connect(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self._url,
            row_factory=dict_row,
            # Kerberos would look for its servers without regard for the event loop.
            gssencmode="disable",
            client_encoding="utf8",
            application_name="opsbook",
        )


async def _transact(connection: Connection, statement: Statement, accept: Accept) -> Answer:
    await connection.set_read_only(statement.reads)
    limits = [f"{limit * 1000:.0f}ms" for limit in (statement.within, statement.locks_within)]
    await connection.execute(_LIMITS, limits)
    answer = await (_read if statement.reads else _write)(connection, statement)
    await accept(answer)
    try:
        await connection.commit()
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise CommitLostError(_words(error)) from None
        raise
    return answer


async def _read(connection: Connection, statement: Statement) -> Answer:
    """Row by row: a result may be larger than memory."""
    rows: list[Row] = []
    count = 0
    answer = connection.cursor().stream(_compiled(statement), dict(statement.values))
    async with aclosing(cast("AsyncGenerator[Row]", answer)) as stream:
        async for row in stream:
            count += 1
            if count <= MOST_ROWS_KEPT:
                rows.append(row)
            if count == MOST_ROWS_COUNTED:
                break
    return Answer(count, rows)


async def _write(connection: Connection, statement: Statement) -> Answer:
    """Prepared, for the server then refuses a second statement behind the first."""
    cursor = await connection.execute(_compiled(statement), dict(statement.values), prepare=True)
    rows = await cursor.fetchmany(MOST_ROWS_KEPT) if cursor.description else []
    return Answer(max(cursor.rowcount, 0), rows)


def _compiled(statement: Statement) -> bytes:
    """With the names of its values as psycopg has them."""
    return with_names(statement.text.replace("%", "%%"), lambda name: f"%({name})s").encode()


def _words(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
