"""`http`: a URL answers as it should, over a new connection each time."""

import asyncio
import base64
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, cast
from urllib.parse import urljoin, urlsplit

import httptools
from pydantic import Field

from opsbook.book.fields import Name, Secret, Size, TextOrSecret, revealed
from opsbook.core.units import format_size
from opsbook.probes.explain import explain
from opsbook.probes.extract import Extraction
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.tls import Trust
from opsbook.probes.url import HttpUrl, http_url
from opsbook.probes.user_agent import USER_AGENT

_MOST_HEADER_BYTES = 65_536
"""Beside what the body may take, for one block can hold the end of the headers and more."""


class Http(Probe):
    """Asks for a URL and measures the answer: status, times, headers, parts of the body."""

    url: HttpUrl
    """http:// or https://."""
    method: Literal["GET", "HEAD", "POST", "PUT", "OPTIONS"] = "GET"
    """How to ask; the answer to HEAD has no body."""
    headers: dict[str, TextOrSecret] = {}
    """Headers to send; a value may be a secret reference."""
    body: str | None = None
    """Body to send."""
    user: str | None = None
    """User for basic authentication."""
    password: Secret | None = None
    bearer: Secret | None = None
    """Token for `Authorization: Bearer`."""
    tls: Trust = Trust()
    """Whom to trust where the URL is https://."""
    redirects: int = Field(default=0, ge=0, le=10)
    """How many redirects to follow."""
    largest: Size = 1024 * 1024
    """An answer with a larger body fails."""
    extract: Extraction = Extraction()
    """Values to take out of the body."""
    header_values: dict[Name, str] = {}
    """Name → response header whose value to measure."""

    measures: ClassVar[Mapping[str, str]] = {
        "status": "HTTP status code",
        "connect_seconds": "time until the connection stood, TLS included",
        "first_byte_seconds": "time until the first byte of the answer",
        "latency_seconds": "time until the whole answer was there",
        "body_bytes": "size of the body",
    }
    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "status": {"at_least": 200, "at_most": 299}
    }

    @property
    def subject(self) -> str:
        return self.url

    def measured(self) -> Mapping[str, str]:
        named = {name: f"header `{header}`" for name, header in self.header_values.items()}
        return {**self.measures, **self.extract.extracted(), **named}

    async def look(self) -> Measurements:
        started = time.perf_counter()
        url, request = self.url, self._fixed or self._request(self.url)
        for _ in range(self.redirects + 1):
            answer = await self._ask(request, started)
            target = answer.headers.get(b"location")
            if not (300 <= answer.status <= 399 and target and self.redirects):
                return self._measure(answer, started)
            url = self._follow(url, target)
            request = self._request(url)
        raise ProbeFailedError(f"{self.url} redirects more than {self.redirects} times")

    def _follow(self, url: str, target: bytes) -> str:
        following = urljoin(url, target.decode("latin-1"))
        try:
            return http_url(following)
        except ValueError:
            raise ProbeFailedError(f"{url} redirects to {following!r}") from None

    async def _ask(self, request: "_Request", started: float) -> "_Answer":
        loop = asyncio.get_running_loop()
        secure = self.tls.options(self.url, request.host) if request.secure else {}
        answer = _Answer(loop, request.content, self.method == "HEAD", self.largest)
        try:
            await loop.create_connection(lambda: answer, request.host, request.port, **secure)
            answer.connected = time.perf_counter() - started
            await answer.done
        except (OSError, _BadAnswerError) as error:
            raise ProbeFailedError(f"{self.url}: {explain(error)}", answer.measured()) from None
        finally:
            answer.abort()
        return answer

    def _measure(self, answer: "_Answer", started: float) -> Measurements:
        measured = answer.measured()
        measured["latency_seconds"] = time.perf_counter() - started
        measured["first_byte_seconds"] = answer.first_byte - started
        for name, header in self.header_values.items():
            value = answer.headers.get(header.lower().encode())
            if value is not None:
                measured[name] = value.decode("latin-1")
        if self.extract.values or self.extract.find:
            measured |= self.extract.extract(bytes(answer.body))
        return measured

    @cached_property
    def _fixed(self) -> "_Request | None":
        """The request for this URL; none is kept where a secret is in it."""
        values = self.headers.values()
        secret = self.bearer or self.password or any(not isinstance(v, str) for v in values)
        return None if secret else self._request(self.url)

    def _request(self, url: str) -> "_Request":
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Host": parts.netloc,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Connection": "close",
        }
        # What is meant for one server must not follow a redirect to another.
        if parts[:2] == urlsplit(self.url)[:2]:
            headers |= self._credentials()
            headers |= {name: revealed(value) for name, value in self.headers.items()}
        body = self.body.encode() if self.body is not None else b""
        if body or self.method in ("POST", "PUT"):
            headers["Content-Length"] = str(len(body))
        lines = [f"{self.method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        return _Request(parts.hostname or "", port, secure, head + body)

    def _credentials(self) -> dict[str, str]:
        if self.bearer is not None:
            return {"Authorization": f"Bearer {self.bearer.reveal()}"}
        if self.user is not None:
            password = self.password.reveal() if self.password else ""
            token = base64.b64encode(f"{self.user}:{password}".encode()).decode()
            return {"Authorization": f"Basic {token}"}
        return {}


class _Request(NamedTuple):
    """Where to connect, and what to send."""

    host: str
    port: int
    secure: bool
    content: bytes


class _BadAnswerError(Exception):
    """The server's bytes are no HTTP answer that we accept."""


class _Answer(asyncio.Protocol):
    """One request and its answer on one connection.

    Streams would copy each answer twice more; at 10,000 checks a second that is a fifth of
    a core.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, request: bytes, head: bool, largest: int
    ) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.connected = 0.0
        self.first_byte = 0.0
        self.done: asyncio.Future[None] = loop.create_future()
        self._request = request
        self._head = head
        self._largest = largest
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._header_bytes = 0
        self._complete_headers = False

    def measured(self) -> Measurements:
        measured: Measurements = {"connect_seconds": self.connected} if self.connected else {}
        if self.status:
            measured["status"] = self.status
            measured["body_bytes"] = len(self.body)
        return measured

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self.done.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.done.done():
            return
        if not self.first_byte:
            self.first_byte = time.perf_counter()
        if not self._complete_headers:
            self._header_bytes += len(data)
            if self._header_bytes > _MOST_HEADER_BYTES + self._largest:
                self._fail("headers without end")
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"the answer is not HTTP: {error.__context__ or error}")

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error is None and self._complete_headers and not self._framed():
            self.done.set_result(None)
        else:
            self._fail(explain(error or EOFError()))

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= 200:
            raise _BadAnswerError("more than 200 headers")
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status <= 199:
            self.headers.clear()
            return
        self.status, self._complete_headers = status, True
        if self._head or status in (204, 304):
            self._finish()

    def on_body(self, data: bytes) -> None:
        self.body += data
        if len(self.body) > self._largest:
            self._fail(f"the body is larger than {format_size(self._largest)}")

    def on_message_complete(self) -> None:
        if self.status:
            self._finish()

    def _framed(self) -> bool:
        """Whether the answer says where it ends; if not, closing ends it (RFC 9112, 6.3)."""
        return b"content-length" in self.headers or b"transfer-encoding" in self.headers

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(_BadAnswerError(reason))
        if self._transport is not None:
            self._transport.abort()
