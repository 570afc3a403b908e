"""One connection that commits each statement at once: VACUUM and CONCURRENTLY demand it."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import Diagnostic
from psycopg.rows import dict_row

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret, hidden
from opsbook.databases.engine import Patience
from opsbook.databases.model import DatabaseError, LockedError
from opsbook.state.database import PATIENCE

Row = dict[str, Any]
Parameters = Sequence[Any] | Mapping[str, Any]

_CONNECT_WITHIN = 10
"""Seconds."""
_MOST_ROWS = 10_000
_SETTINGS = """
    SELECT set_config('lock_timeout', %s, false),
        set_config('statement_timeout', %s, false),
        set_config('timezone', 'UTC', false),
        set_config('row_security', 'off', false)
"""
"""Without row_security a role that does not see all rows is told so, instead of getting some."""
_NOTICE_DEATH = "SET client_connection_check_interval = '1s'"
"""What a dead Opsbook began is stopped by the server, and not carried to its end. Servers on
Windows know no such thing."""
WORKING = "hashtextextended('opsbook task', 0)"
"""The lock that every session shares which changes something: whoever wants to be alone waits
until the statement of a dead Opsbook has ended too."""
_SHARE = f"SELECT pg_advisory_lock_shared({WORKING})"


class Session:
    """Statements, each in a transaction of its own."""

    def __init__(self, connection: psycopg.AsyncConnection[Row], subject: str) -> None:
        self._connection = connection
        self._warnings: list[str] = []
        self.subject = subject
        connection.add_notice_handler(self._noticed)

    async def rows(self, query: str, parameters: Parameters = ()) -> list[Row]:
        """The first rows of what a query gives. Raises psycopg.Error."""
        cursor = await self._connection.execute(query.encode(), parameters)
        return await cursor.fetchmany(_MOST_ROWS)

    async def row(self, query: str, parameters: Parameters = ()) -> Row:
        """The one row that a query gives."""
        return (await self.rows(query, parameters))[0]

    async def run(self, statement: sql.Composable, parameters: Parameters | None = None) -> int:
        """How many rows it changed. Raises psycopg.Error, and DatabaseError for a warning: VACUUM
        ends well also where it was not permitted to do anything."""
        self._warnings.clear()
        composed = statement.as_string(self._connection).encode()
        cursor = await self._connection.execute(composed, parameters)
        if self._warnings:
            raise DatabaseError(f"{self.subject}: {'; '.join(self._warnings)}")
        return max(cursor.rowcount, 0)

    def _noticed(self, notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING" and len(self._warnings) < 10:
            self._warnings.append(notice.message_primary or "a warning")


@dataclass(frozen=True)
class Login:
    """How a database is reached."""

    database: Secret
    patience: Patience
    reads: bool = field(default=False)
    """Nothing may be changed."""

    @property
    def subject(self) -> str:
        """Its server and name; where it is kept while the secret is not there."""
        try:
            found = _parsed(self.database.reveal())
        except BadInputError:
            return str(self.database)
        host = found.get("host") or found.get("hostaddr") or "localhost"
        return f"{host}:{found.get('port') or 5432}/{found.get('dbname') or 'postgres'}"

    @asynccontextmanager
    async def session(self, *, works: bool = False) -> AsyncIterator[Session]:
        """`works` is said of one that changes something. Raises DatabaseError for everything
        that psycopg minds."""
        try:
            connection = await self._connect()
            try:
                limits = (self.patience.lock_wait, self.patience.statement_time)
                await connection.execute(_SETTINGS, [f"{each * 1000:.0f}ms" for each in limits])
                if self.reads:
                    await connection.set_read_only(True)
                if works:
                    with contextlib.suppress(psycopg.errors.InvalidParameterValue):
                        await connection.execute(_NOTICE_DEATH)
                    await connection.execute(_SHARE.encode())
                yield Session(connection, self.subject)
            finally:
                await connection.close()
        except psycopg.errors.LockNotAvailable:
            waited = f"{self.patience.lock_wait:g} s"
            raise LockedError(
                f"{self.subject}: another session held the lock for longer than {waited}; "
                "see `longest_queries` of the report, and do it again later"
            ) from None
        except psycopg.Error as error:
            raise DatabaseError(f"{self.subject}: {words(error)}") from None
        except BadInputError as error:
            raise DatabaseError(str(error)) from None

    async def _connect(self) -> psycopg.AsyncConnection[Row]:
        target: dict[str, Any] = {**_parsed(self.database.reveal()), **PATIENCE}
        return await psycopg.AsyncConnection.connect(
            **target,
            autocommit=True,
            row_factory=dict_row,
            # Kerberos would look for its servers without regard for the event loop.
            gssencmode="disable",
            client_encoding="utf8",
            application_name="opsbook",
            connect_timeout=_CONNECT_WITHIN,
        )


def words(error: psycopg.Error) -> str:
    """What the server says, in one line."""
    return " ".join(str(error).split())


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection went with it, so that nothing more can be asked."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


def _parsed(url: str) -> dict[str, Any]:
    try:
        found = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise BadInputError(
            "the URL of the database cannot be read: write postgresql://user@host:port/database"
        ) from None
    if found.get("password"):
        hidden(str(found["password"]))
    ours = {"application_name", "client_encoding", "connect_timeout", "gssencmode", *PATIENCE}
    return {name: value for name, value in found.items() if name not in ours}
