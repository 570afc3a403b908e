"""A small HTTP server that keeps what it is sent, and answers as it is told."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.loopback import serving


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes
    raw: bytes
    """The whole of it."""

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        fields = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        return {name: values[0] for name, values in fields.items()}

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)


Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """Says this to every request."""

    head: str
    body: bytes

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(self.head.encode() + self.body)
        await writer.drain()


def answer(
    status: int = 200, body: bytes | str = b"", content_type: str = "text/plain", **headers: str
) -> Answer:
    """`Retry_After="3"` is the header Retry-After."""
    whole = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": content_type, "Content-Length": str(len(whole)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return Answer("\r\n".join([f"HTTP/1.1 {status} Said", *lines, "", ""]), whole)


async def echo(request: Request, writer: asyncio.StreamWriter) -> None:
    """Refuses, and repeats everything that it was told."""
    await answer(400, request.raw)(request, writer)


async def silence(request: Request, writer: asyncio.StreamWriter) -> None:
    """Takes all of it and never answers."""
    await asyncio.sleep(60)


async def reset(request: Request, writer: asyncio.StreamWriter) -> None:
    """Takes all of it and ends the connection."""
    writer.transport.abort()


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    """Says yes, and then goes on for 100 MB."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\nok")
    for _ in range(1_600):
        writer.write(b" " * 65_536)
        await writer.drain()


@dataclass
class Catcher:
    port: int = 0
    scheme: str = "http"
    caught: list[Request] = field(default_factory=list)
    behaviours: list[Behaviour] = field(default_factory=list)
    """For the next requests, in their order; the last one stays."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def then(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                request = await _read(reader)
                self.caught.append(request)
                at_hand = self.behaviours
                behaviour = at_hand.pop(0) if len(at_hand) > 1 else at_hand[0]
                await behaviour(request, writer)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, head + body)


@contextlib.asynccontextmanager
async def catching(
    *behaviours: Behaviour, context: ssl.SSLContext | None = None
) -> AsyncIterator[Catcher]:
    catcher = Catcher(behaviours=list(behaviours) or [answer()])
    if context is not None:
        catcher.scheme = "https"
    async with serving(catcher.handle, limit=2**20, ssl=context) as port:
        catcher.port = port
        yield catcher
