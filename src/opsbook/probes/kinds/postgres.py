"""`postgres`: a PostgreSQL database lets one in and answers a query."""

import os
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any, ClassVar, Literal, cast

import psycopg
from pydantic import Field, model_validator

from opsbook.book.fields import BookPath, Secret
from opsbook.core.stoppable import stoppable
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeError, ProbeFailedError, ProbeUnknownError
from opsbook.probes.value import as_value

_MOST_ROWS = 1000

_CONNECTIONS = """
    SELECT count(*), current_setting('max_connections')::int
    FROM pg_stat_activity
    WHERE usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
"""
"""Without `pg_read_all_stats` the backend_type of other users' sessions is NULL."""


Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Postgres(Probe):
    """Logs in to a PostgreSQL database over a new connection and runs a read-only query."""

    host: str
    """Host name or address, or the directory of the server's Unix socket."""
    port: int = Field(default=5432, ge=1, le=65_535)
    database: str
    user: str
    password: Secret | None = None
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    """How far to insist on TLS, in libpq's words; only verify-full proves who answers."""
    ca: BookPath | None = None
    """PEM file with the CAs to trust; verify-ca and verify-full need it."""
    query: str = Field(default="SELECT 1", min_length=1)
    """One statement that only reads; it runs in a READ ONLY transaction."""

    measures: ClassVar[Mapping[str, str]] = {
        "connect_seconds": "time until the login was complete",
        "query_seconds": "time until `query` had answered",
        "value": "first column of the first row of `query`, an interval in seconds; "
        "absent when NULL or when there is no row",
        "rows": f"number of rows that `query` gave, at most {_MOST_ROWS}",
        "server_version": "version of the server, as it says it",
        "connections": "client sessions on the server, this one included",
        "connections_max": "`max_connections` of the server",
        "connections_percent": "share of `max_connections` in use",
    }

    @model_validator(mode="after")
    def _ca_where_it_is_used(self) -> "Postgres":
        if self.sslmode.startswith("verify") != (self.ca is not None):
            raise ValueError("`ca` and an sslmode of verify-ca or verify-full need each other")
        return self

    @property
    def subject(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    async def look(self) -> Measurements:
        started = time.perf_counter()
        measured: Measurements = {}
        try:
            connection = await self._connect()
            try:
                measured["connect_seconds"] = time.perf_counter() - started
                await stoppable(self._measure(connection, measured))
            finally:
                await connection.close()
        except psycopg.Error as error:
            raise self._explained(error, measured) from None
        return measured

    def _explained(self, error: psycopg.Error, measured: Measurements) -> ProbeError:
        """The server's words are its failure; what only psycopg minds is unknown."""
        reason = " ".join(str(error).split())
        if error.sqlstate is None and not isinstance(error, psycopg.OperationalError):
            return ProbeUnknownError(f"{self.subject}: cannot use the answer: {reason}", measured)
        return ProbeFailedError(f"{self.subject}: {reason}", measured)

    async def _connect(self) -> Connection:
        if self.ca is not None and not os.access(self.ca, os.R_OK):
            raise ProbeUnknownError(f"{self.subject}: cannot read the CA file {self.ca}")
        return await psycopg.AsyncConnection.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password.reveal() if self.password else None,
            sslmode=self.sslmode,
            sslrootcert=str(self.ca) if self.ca else None,
            # Kerberos would look for its servers without regard for the event loop.
            gssencmode="disable",
            client_encoding="utf8",
            application_name="opsbook",
        )

    async def _measure(self, connection: Connection, measured: Measurements) -> None:
        version = connection.info.parameter_status("server_version")
        measured |= {"server_version": version} if version else {}
        await connection.set_read_only(True)
        measured |= await self._ask(connection)
        await connection.rollback()
        # What only speaks like PostgreSQL may have no such table or setting.
        with suppress(psycopg.ProgrammingError, psycopg.NotSupportedError):
            measured |= await _connections(connection)

    async def _ask(self, connection: Connection) -> Measurements:
        """Run the query, row by row: a result may be larger than memory."""
        started = time.perf_counter()
        rows, value = 0, None
        answer = connection.cursor().stream(self.query.encode())
        async with aclosing(cast("AsyncGenerator[tuple[Any, ...]]", answer)) as stream:
            async for row in stream:
                rows += 1
                if rows == 1 and row:
                    value = as_value(row[0])
                if rows == _MOST_ROWS:
                    break
        found: Measurements = {"query_seconds": time.perf_counter() - started, "rows": rows}
        return found if value is None else {**found, "value": value}


async def _connections(connection: Connection) -> Measurements:
    row = await (await connection.execute(_CONNECTIONS)).fetchone()
    if row is None:
        return {}
    used, most = row
    percent = 100.0 * used / most
    return {"connections": used, "connections_max": most, "connections_percent": percent}
