"""`redis`: a Redis server lets one in and answers PING.

Spoken to by `resp` rather than through redis-py, whose reader takes a reply of any length and
drops the error's code.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, model_validator

from opsbook.book.fields import BookPath, Secret
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError
from opsbook.probes.resp import LONGEST_LINE, ReplyError, Resp, unspoken
from opsbook.probes.tls import Trust

_FIELDS = {
    "used_memory_bytes": "used_memory",
    "connected_clients": "connected_clients",
    "evicted_keys": "evicted_keys",
}


class Redis(Probe):
    """Logs in to a Redis server, asks PING and measures what INFO tells."""

    host: str | None = None
    """Host name or address; or give `socket`."""
    port: int = Field(default=6379, ge=1, le=65_535)
    socket: BookPath | None = None
    """The server's Unix socket, instead of `host`."""
    username: str | None = None
    """User of the access control list; without one the password is that of `default`."""
    password: Secret | None = None
    db: int = Field(default=0, ge=0)
    """Number of the database."""
    tls: Trust | None = None
    """Speak TLS; `{}` trusts the system's CAs."""

    measures: ClassVar[Mapping[str, str]] = {
        "latency_seconds": "time from PING to PONG, on a connection that stands",
        "connect_seconds": "time until the connection stood and the login was accepted",
        "used_memory_bytes": "memory allocated for data and buffers",
        "used_memory_percent": "share of `maxmemory` in use; absent without a limit",
        "connected_clients": "clients connected, this one included",
        "role": "master or slave",
        "replication_link": "on a replica: up or down",
        "replication_lag_bytes": "on a master: what the last of its replicas has still to get; "
        "absent without replicas",
        "rdb_last_save_age_seconds": "age of the last RDB file, or of the server if it saved none",
        "keys": "keys in database `db`",
        "evicted_keys": "keys evicted for want of memory since the server started",
    }

    @model_validator(mode="after")
    def _one_address(self) -> "Redis":
        if (self.host is None) == (self.socket is None):
            raise ValueError("no address, or two: give either `host` or `socket`")
        if self.username is not None and self.password is None:
            raise ValueError("a username without a password: give `password`")
        return self

    @property
    def subject(self) -> str:
        return str(self.socket) if self.socket else f"{self.host}:{self.port}"

    async def look(self) -> Measurements:
        measured: Measurements = {}
        started = time.perf_counter()
        try:
            reader, writer = await self._connect()
        except PermissionError as error:
            raise ProbeUnknownError(f"cannot connect to {self.subject}: {explain(error)}") from None
        except OSError as error:
            raise ProbeFailedError(f"cannot connect to {self.subject}: {explain(error)}") from None
        try:
            await self._converse(Resp(reader, writer), started, measured)
        except (OSError, ValueError, EOFError) as error:
            raise ProbeFailedError(f"{self.subject}: {unspoken(error)}", measured) from None
        finally:
            writer.transport.abort()
        return measured

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.socket is not None:
            return await asyncio.open_unix_connection(str(self.socket), limit=LONGEST_LINE)
        secure = self.tls.options(self.subject, self.host or "") if self.tls else {}
        return await asyncio.open_connection(self.host, self.port, limit=LONGEST_LINE, **secure)

    async def _converse(self, resp: Resp, started: float, measured: Measurements) -> None:
        if self.password is not None:
            user = [self.username] if self.username is not None else []
            await _expect(resp, "OK", "AUTH", *user, self.password.reveal())
        if self.db:
            await _expect(resp, "OK", "SELECT", str(self.db))
        measured["connect_seconds"] = (asked := time.perf_counter()) - started
        await _expect(resp, "PONG", "PING")
        measured["latency_seconds"] = time.perf_counter() - asked
        with contextlib.suppress(ReplyError):
            told = await resp.ask("INFO")
            measured |= _from_info(told.decode(errors="replace"), self.db)


async def _expect(resp: Resp, good: str, *words: str) -> None:
    """Raises ValueError with the server's words if it answers anything else."""
    try:
        answer = await resp.ask(*words)
    except ReplyError as error:
        answer = error
    if answer != good:
        raise ValueError(f"{words[0]} was answered: {answer}")


def _from_info(text: str, db: int) -> Measurements:
    """What INFO tells; a server may refuse it to this user."""
    info = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    numbers = _numbers(info)
    found: Measurements = {
        name: numbers[field] for name, field in _FIELDS.items() if field in numbers
    }
    if numbers.get("maxmemory") and "used_memory" in numbers:
        found["used_memory_percent"] = 100.0 * numbers["used_memory"] / numbers["maxmemory"]
    if "rdb_last_save_time" in numbers:
        found["rdb_last_save_age_seconds"] = max(0.0, time.time() - numbers["rdb_last_save_time"])
    # A database without keys has no line of its own.
    keyspace = info.get(f"db{db}", "keys=0" if "# Keyspace" in text else "")
    found |= {name: count for name, count in _listed(keyspace).items() if name == "keys"}
    return found | _replication(info, numbers)


def _replication(info: dict[str, str], numbers: dict[str, int]) -> Measurements:
    texts = {"role": "role", "replication_link": "master_link_status"}
    found: Measurements = {name: info[field] for name, field in texts.items() if field in info}
    replicas = [_listed(value) for name, value in info.items() if re.fullmatch(r"slave\d+", name)]
    offsets = [each["offset"] for each in replicas if "offset" in each]
    if offsets and "master_repl_offset" in numbers:
        found["replication_lag_bytes"] = max(0, numbers["master_repl_offset"] - min(offsets))
    return found


def _listed(text: str) -> dict[str, int]:
    """The numbers of a value such as `keys=3,expires=0`."""
    return _numbers(dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair))


def _numbers(texts: Mapping[str, str]) -> dict[str, int]:
    return {name: int(text) for name, text in texts.items() if re.fullmatch(r"\d{1,19}", text)}
