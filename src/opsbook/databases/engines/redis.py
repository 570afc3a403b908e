"""`redis`: care of a Redis server."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator

from opsbook.book.fields import Secret
from opsbook.core.errors import BadInputError
from opsbook.databases.engine import Engine, Patience
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep
from opsbook.databases.model import DatabaseError, Report, Task
from opsbook.databases.redis_server.findings import look
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.resp import HANDSHAKE_SECONDS, LONGEST_LINE, ReplyError, Resp, unspoken
from opsbook.probes.tls import Trust


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if text.startswith("/"):
        return text
    if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("not an address: write host:port or /path/to/socket")
    return text


class Redis(Engine):
    """A Redis server; only looked at, for nothing in it needs to be kept up."""

    address: Annotated[str, AfterValidator(_address)]
    """`host:port`, or the path of the server's Unix socket."""
    username: str | None = None
    """User of the access control list; without one the password is that of `default`."""
    password: Secret | None = None
    tls: Trust | None = None
    """Speak TLS; `{}` trusts the system's CAs."""
    db: int = Field(default=0, ge=0)
    """Number of the database whose keys are sampled."""

    measures: ClassVar[Mapping[str, str]] = {
        "memory_bytes": "memory allocated for data and buffers",
        "memory_percent": "share of `maxmemory` in use, unknown without one; "
        "limit `memory_percent`",
        "fragmentation_percent": "memory that the system has given, per memory in use",
        "evicted_keys": "keys evicted for want of memory since the server started",
        "clients": "clients connected, this one included",
        "clients_percent": "share of `maxclients`; limit `connections_percent`",
        "unsaved_changes": "changes since the last RDB file",
        "failed_saves": "sorts of saving whose last try failed; more than 0 is too many",
        "slow_commands": "entries of the slow log above `slow_query`; limit `slow_queries`",
        "sampled_keys": "keys whose size was looked at",
        "largest_key_bytes": "memory of the largest of them; limit `big_key`",
    }
    limited: ClassVar[frozenset[str]] = frozenset(
        {"memory_percent", "connections_percent", "slow_query", "slow_queries", "big_key"}
    )

    @model_validator(mode="after")
    def _whose_password(self) -> "Redis":
        if self.username is not None and self.password is None:
            raise ValueError("a username without a password: give `password`")
        return self

    @property
    def subject(self) -> str:
        return self.address

    async def report(
        self, limits: Limits, baselines: Mapping[str, Baseline], patience: Patience, now: float
    ) -> Report:
        try:
            async with self._login() as resp:
                return await look(resp, limits)
        except (BadInputError, ProbeUnknownError) as error:
            raise DatabaseError(str(error)) from None
        except (OSError, ValueError, EOFError, ReplyError) as error:
            raise DatabaseError(f"{self.subject}: {unspoken(error)}") from None

    async def plan(
        self, steps: Sequence[MaintainStep], patience: Patience, now: float
    ) -> list[Task]:
        return []

    @asynccontextmanager
    async def _login(self) -> AsyncIterator[Resp]:
        reader, writer = await self._connect()
        try:
            resp = Resp(reader, writer)
            if self.password is not None:
                user = [self.username] if self.username is not None else []
                await resp.ask("AUTH", *user, self.password.reveal())
            if self.db:
                await resp.ask("SELECT", str(self.db))
            yield resp
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.address.startswith("/"):
            return await asyncio.open_unix_connection(self.address, limit=LONGEST_LINE)
        host, _, port = self.address.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        secure: dict[str, Any] = self.tls.options(self.subject, host) if self.tls else {}
        if secure:
            secure["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await asyncio.open_connection(host, int(port), limit=LONGEST_LINE, **secure)
