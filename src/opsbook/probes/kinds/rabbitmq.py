"""`rabbitmq`: a RabbitMQ broker lets one into a vhost, and a queue is there."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import httpx2
from pydantic import AfterValidator, Field, model_validator

from opsbook.book.fields import Secret
from opsbook.probes.amqp import Amqp, AmqpError
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.tls import Trust
from opsbook.probes.url import HttpUrl

_LARGEST_ANSWER = 1024 * 1024
"""Bytes of an answer of the management API."""


class Rabbitmq(Probe):
    """Logs in to a RabbitMQ vhost by AMQP 0-9-1, or asks the management API about it."""

    host: str | None = None
    """Host name or address; or give `management`."""
    port: int = Field(default=5672, ge=1, le=65_535)
    management: Annotated[HttpUrl, AfterValidator(lambda url: url.rstrip("/"))] | None = None
    """URL of the management API, such as http://broker:15672, to be asked instead of `host`;
    its counts are seconds old."""
    vhost: str = Field(default="/", max_length=127)
    """The virtual host to log in to."""
    user: str = Field(max_length=127)
    password: Secret
    tls: Trust | None = None
    """Speak TLS, usually on port 5671; `{}` trusts the system's CAs."""
    queue: str | None = Field(default=None, min_length=1, max_length=127)
    """A queue that has to exist; it is measured, never created."""

    measures: ClassVar[Mapping[str, str]] = {
        "connect_seconds": "time until the login was complete",
        "server_version": "version of the broker",
        "messages": "messages in `queue` that are ready to be delivered",
        "consumers": "consumers of `queue`",
    }

    @model_validator(mode="after")
    def _one_address(self) -> "Rabbitmq":
        if (self.host is None) == (self.management is None):
            raise ValueError("no address, or two: give either `host` or `management`")
        return self

    @property
    def subject(self) -> str:
        return f"{self.management or f'{self.host}:{self.port}'} vhost {self.vhost}"

    async def look(self) -> Measurements:
        measured: Measurements = {}
        try:
            if self.management is not None:
                await self._ask_management(self.management, measured)
            else:
                await self._ask_broker(measured)
        except (OSError, EOFError, AmqpError, httpx2.HTTPError, _BadAnswerError) as error:
            raise ProbeFailedError(f"{self.subject}: {explain(error)}", measured) from None
        return measured

    async def _ask_broker(self, measured: Measurements) -> None:
        secure = self.tls.options(self.subject, self.host or "") if self.tls else {}
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection(self.host, self.port, **secure)
        try:
            broker = Amqp(reader, writer)
            server = await broker.log_in(self.user, self.password.reveal(), self.vhost)
            measured["connect_seconds"] = time.perf_counter() - started
            if "version" in server:
                measured["server_version"] = server["version"]
            if self.queue is not None:
                queue = await broker.look_at(self.queue)
                measured |= {"messages": queue.messages, "consumers": queue.consumers}
            await broker.close()
        finally:
            writer.transport.abort()

    async def _ask_management(self, url: str, measured: Measurements) -> None:
        vhost = quote(self.vhost, safe="")
        started = time.perf_counter()
        async with httpx2.AsyncClient(
            auth=(self.user, self.password.reveal()),
            verify=(self.tls or Trust()).context(self.subject),
            headers={"Accept-Encoding": "identity"},
            # A proxy from the environment is no part of the broker; the caller has the clock.
            trust_env=False,
            timeout=None,
        ) as client:
            overview = await _get(client, f"{url}/api/overview")
            measured["connect_seconds"] = time.perf_counter() - started
            measured |= _present(overview, {"server_version": "rabbitmq_version"})
            if self.queue is None:
                await _get(client, f"{url}/api/vhosts/{vhost}")
                return
            queue = quote(self.queue, safe="")
            found = await _get(client, f"{url}/api/queues/{vhost}/{queue}")
            names = {"messages": "messages_ready", "consumers": "consumers"}
            measured |= _present(found, names)


class _BadAnswerError(Exception):
    """The management API refuses, or says what cannot be used."""


async def _get(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    body = bytearray()
    async with client.stream("GET", url) as response:
        async for part in response.aiter_raw():
            body += part
            if len(body) > _LARGEST_ANSWER:
                raise _BadAnswerError(f"{url} answers without end")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or response.status_code != httpx2.codes.OK:
        raise _BadAnswerError(f"{url} answers {response.status_code} {_refusal(answer)}")
    return answer


def _refusal(answer: Any) -> str:
    """The API's own words, such as `Object Not Found: Not Found`."""
    words = answer if isinstance(answer, dict) else {}
    return ": ".join(str(words[name]) for name in ("error", "reason") if name in words)


def _present(answer: dict[str, Any], names: Mapping[str, str]) -> Measurements:
    values = {name: answer.get(field) for name, field in names.items()}
    return {name: value for name, value in values.items() if isinstance(value, str | int)}
