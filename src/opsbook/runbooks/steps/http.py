"""`http`: a URL is asked for, or told something."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, ClassVar, Literal, NoReturn, Self

import httpx2
from pydantic import Field, model_validator

from opsbook.book.fields import Name, Secret, Size
from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_size
from opsbook.durable.values import Json
from opsbook.probes.conditions import Condition
from opsbook.probes.explain import explain
from opsbook.probes.extract import Extraction
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.tls import Trust
from opsbook.probes.url import http_url
from opsbook.probes.user_agent import USER_AGENT
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.expectation import demand
from opsbook.runbooks.fields import Document, TemplateOrSecret, filled, shown
from opsbook.runbooks.fitting import document, head, simple
from opsbook.runbooks.stopping import HalfWayError, unless_stopped
from opsbook.runbooks.template import Template

_BREAKING = frozenset("\r\n\0")
_READING = ("GET", "HEAD", "OPTIONS")
_NOT_SENT = (httpx2.ConnectError, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)


class Expected(Section):
    """What the answer has to be."""

    status: list[Annotated[int, Field(ge=100, le=599)]] = []
    """Good status codes; those from 200 to 299 if none is named. Redirects are not followed."""
    values: dict[Name, Condition] = {}
    """Conditions for what `extract` takes out of the answer."""


class Http(Action):
    """Asks for a URL; a request that changes something carries an `Idempotency-Key`, by which a
    server knows a repetition after a crash."""

    url: Template
    """http:// or https://, without a password."""
    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """The class of GET, HEAD and OPTIONS is 0; of the others only the book knows it."""
    headers: dict[str, TemplateOrSecret] = {}
    """Headers to send; a value may be a secret reference."""
    body: Template | None = None
    """Text to send."""
    json_: Document | None = Field(default=None, alias="json")
    """A document to send instead; templates in its texts are filled."""
    bearer: Secret | None = None
    """Token for `Authorization: Bearer`."""
    tls: Trust = Trust()
    """Whom to trust where the URL is https://."""
    expect: Expected = Expected()
    extract: Extraction = Extraction()
    """Values to take out of the answer."""
    largest: Size = 1024 * 1024
    """A larger answer is a failure."""

    class_told: ClassVar[str] = (
        "0 for GET, HEAD and OPTIONS; of the others only the book knows it, and must say it."
    )
    gives: ClassVar[Mapping[str, str]] = {
        "status": "HTTP status code",
        "json": "the answer, where it is JSON",
        "text": "the beginning of the answer, where it is not",
        "values": "what `extract` found, by name",
        "seconds": "time until the whole answer was there",
    }

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.url.fixed is not None:
            http_url(self.url.fixed)
        if self.body is not None and self.json_ is not None:
            raise ValueError("give `body` or `json`, not both")
        unknown = set(self.expect.values) - set(self.extract.extracted())
        if unknown:
            raise ValueError(f"`expect` names what `extract` does not: {', '.join(unknown)}")
        return self

    @property
    def subject(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def least_class(self) -> int | None:
        return 0 if self.method in _READING else None

    async def preview(self, context: Context) -> Change | None:
        if self.method in _READING:
            return None
        sent = head(self._request(context).content.decode("utf-8", errors="replace"), 1000)
        return Change(self._url(context), "not asked", f"{self.method} {sent}".rstrip())

    async def carry_out(self, context: Context) -> dict[str, Json]:
        request = self._request(context)
        sent = _watched(request)
        started = time.perf_counter()
        try:
            answer, body = await unless_stopped(context, self.subject, self._ask(request))
        except HalfWayError:
            if not sent.is_set():
                raise
            self._lost("stopped before the answer was there")
        result: dict[str, Json] = {
            "status": answer.status_code,
            "seconds": time.perf_counter() - started,
            **_content(answer, body),
        }
        values = self.extract.extract(body)
        if self.extract.extracted():
            result["values"] = {name: simple(value) for name, value in values.items()}
        self._judge(answer.status_code, result)
        demand(self.subject, self.expect.values, values, result)
        return result

    def _judge(self, status: int, result: Mapping[str, Json]) -> None:
        if status not in (self.expect.status or range(200, 300)):
            said = head(str(result.get("text", result.get("json", ""))), 500).strip()
            raise ActionFailedError(f"{self.subject} answered {status}: {said or '…'}", result)

    async def _ask(self, request: httpx2.Request) -> tuple[httpx2.Response, bytes]:
        try:
            async with self._client() as client:
                answer = await client.send(request, stream=True)
                return answer, await self._body(answer)
        except _NOT_SENT as error:
            raise ActionFailedError(f"{self.subject}: {explain(error)}") from None
        except httpx2.HTTPError as error:
            self._lost(explain(error))

    def _lost(self, why: str) -> NoReturn:
        """What was asked for may have happened."""
        if self.method in _READING:
            raise ActionFailedError(f"{self.subject}: {why}") from None
        said = f"the answer was lost ({why}): see at the server whether it was done"
        raise ActionUnknownError(f"{self.subject}: {said}") from None

    async def _body(self, answer: httpx2.Response) -> bytes:
        body = bytearray()
        async for block in answer.aiter_bytes():
            body += block
            if len(body) > self.largest:
                await answer.aclose()
                self._lost(f"the answer is larger than {format_size(self.largest)}")
        return bytes(body)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """The caller has the deadline."""
        try:
            trust = self.tls.context(self.subject)
        except ProbeUnknownError as error:
            raise BadInputError(str(error)) from None
        async with httpx2.AsyncClient(verify=trust, timeout=None, trust_env=False) as client:
            yield client

    def _request(self, context: Context) -> httpx2.Request:
        headers = {"User-Agent": USER_AGENT, "Connection": "close"}
        if self.method not in _READING:
            headers["Idempotency-Key"] = context.job_id
        if self.bearer is not None:
            headers["Authorization"] = f"Bearer {self.bearer.reveal()}"
        headers |= {name: self._header(name, context) for name in self.headers}
        sent: dict[str, Any] = {}
        if self.body is not None:
            sent["content"] = context.text(self.body).encode()
        if self.json_ is not None:
            sent["json"] = filled(self.json_, context)
        names = {"sni_hostname": self.tls.server_name} if self.tls.server_name else {}
        try:
            return httpx2.Request(
                self.method, self._url(context), headers=headers, extensions=names, **sent
            )
        except (TypeError, ValueError, httpx2.InvalidURL) as error:
            raise BadInputError(f"{self.subject}: {head(str(error), 500)}") from None

    def _header(self, name: str, context: Context) -> str:
        """Refused before anything is sent: a line break would begin a header of its own."""
        text = shown(self.headers[name], context)
        if _BREAKING & set(text):
            raise BadInputError(
                f"{self.subject}: header {name} would have a line break or NUL in it; "
                "mend what is filled in"
            )
        return text

    def _url(self, context: Context) -> str:
        try:
            return http_url(context.text(self.url))
        except ValueError as error:
            raise BadInputError(f"{self.subject}: {error}") from None


def _watched(request: httpx2.Request) -> asyncio.Event:
    """Set once the server may know of the request."""
    sent = asyncio.Event()

    async def trace(event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            sent.set()

    request.extensions["trace"] = trace
    return sent


def _content(answer: httpx2.Response, body: bytes) -> dict[str, Json]:
    text = body.decode("utf-8", errors="replace")
    if "json" in answer.headers.get("content-type", ""):
        try:
            return {"json": document(text)}
        except ValueError:
            pass
    return {"text": head(text)}
