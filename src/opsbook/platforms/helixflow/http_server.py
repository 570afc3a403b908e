"""HTTP/1.1 for the services (RFC 9112): small requests, whole or streamed answers."""

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from opsbook.platforms.helixflow.metrics import CONTENT_TYPE, exposition
from opsbook.platforms.helixflow.process import HOST, Process

_LARGEST_HEAD = 16 * 1024
_LARGEST_BODY = 1024 * 1024
_IDLE_SECONDS = 30.0
_WRITE_SECONDS = 30.0
_GRACE_SECONDS = 0.15
"""How long requests that are being answered may take when the process ends."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    """When it was there, by time.perf_counter()."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say: `body` whole, or `stream` piece by piece."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    stream: AsyncGenerator[bytes, None] | None = None


Handler = Callable[[Request], Awaitable[Answer]]


class RefusedError(Exception):
    """A request that cannot be served; `status` says why to programs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def json_answer(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode() + b"\n")


def refusal(error: RefusedError) -> Answer:
    """An error in the form of the OpenAI API, which HelixFlow follows."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    said = {"message": str(error), "type": kind, "code": error.status}
    return json_answer({"error": said}, error.status)


class HttpServer:
    """Serves `routes`, and what the process counts under `/metrics`."""

    def __init__(self, process: Process, routes: Mapping[tuple[str, str], Handler]) -> None:
        self._process = process
        self._routes = {("GET", "/metrics"): self._metrics, **routes}
        self._port = 0
        self._tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()

    async def listen(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Accept connections from now until the process ends."""
        self._port, self._tls = port, tls
        await self.open()
        self._process.control.doors.append(self)
        self._process.at_end.push_async_callback(self.shut)

    async def open(self) -> None:
        """Accept connections again."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, HOST, self._port, ssl=self._tls, limit=_LARGEST_HEAD, backlog=128
            )

    async def shut(self) -> None:
        """Refuse connections; requests that are being answered get a moment."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if self._busy:
            await asyncio.wait(self._busy, timeout=_GRACE_SECONDS)
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_GRACE_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(task, reader, writer):
                pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(
        self, task: "asyncio.Task[None]", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """One request and its answer; returns whether another may follow."""
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                request = await _read(reader)
        except RefusedError as refused:
            await self._write(writer, refusal(refused), keep=False)
            return False
        self._busy.add(task)
        try:
            keep = request.headers.get("connection", "").lower() != "close"
            answer = await self._answer(request, reader.at_eof)
            await self._write(writer, answer, keep)
            self._count(request, answer.status, time.perf_counter() - request.at)
            return keep
        finally:
            self._busy.discard(task)

    async def _answer(self, request: Request, gone: Callable[[], bool]) -> Answer:
        if await self._process.control.suffer(gone):
            self._process.log.error("request failed", path=request.path, reason="internal error")
            return refusal(RefusedError(500, "internal error"))
        handler = self._routes.get((request.method, request.path))
        try:
            if handler is not None:
                return await handler(request)
            known = any(path == request.path for _, path in self._routes)
            raise RefusedError(405 if known else 404, f"no {request.method} {request.path}")
        except RefusedError as refused:
            return refusal(refused)
        except Exception as error:
            # One bad request must not end the service for all others.
            self._process.log.error("request failed", path=request.path, reason=repr(error))
            return refusal(RefusedError(500, "internal error"))

    def _count(self, request: Request, status: int, seconds: float) -> None:
        self._process.metrics.count(status, seconds)
        if request.method != "GET":
            path, ms = request.path[:200], seconds * 1e3
            self._process.log.info("request served", path=path, status=status, ms=ms)

    async def _write(self, writer: asyncio.StreamWriter, answer: Answer, keep: bool) -> None:
        await _write(writer, answer, keep, self._process.clock.now())

    async def _metrics(self, request: Request) -> Answer:
        text = exposition(self._process.metrics.samples())
        return Answer(200, text.encode(), CONTENT_TYPE)


async def _read(reader: asyncio.StreamReader) -> Request:
    """Raises RefusedError, and IncompleteReadError when the other side went away."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise RefusedError(431, "the request's head is too large") from None
    first, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1":
        raise RefusedError(400, "not an HTTP/1.1 request")
    pairs = (field.partition(":") for field in fields)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if "transfer-encoding" in headers:
        raise RefusedError(411, "send a Content-Length")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise RefusedError(400, "Content-Length is no number")
    if int(length) > _LARGEST_BODY:
        raise RefusedError(413, f"the body is larger than {_LARGEST_BODY} bytes")
    body = await reader.readexactly(int(length))
    return Request(words[0], words[1].partition("?")[0], headers, body, time.perf_counter())


async def _write(writer: asyncio.StreamWriter, answer: Answer, keep: bool, now: float) -> None:
    size = f"Content-Length: {len(answer.body)}"
    head = (
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        f"Date: {formatdate(now, usegmt=True)}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"{'Transfer-Encoding: chunked' if answer.stream else size}\r\n"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + answer.body)
    if answer.stream is not None:
        async with contextlib.aclosing(answer.stream) as pieces:
            async for piece in pieces:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                async with asyncio.timeout(_WRITE_SECONDS):
                    await writer.drain()
        writer.write(b"0\r\n\r\n")
    async with asyncio.timeout(_WRITE_SECONDS):
        await writer.drain()
