"""How one service asks another: one HTTP/1.1 request on a new connection."""

import asyncio
import json
import ssl
from typing import Any

from opsbook.platforms.helixflow.process import HOST

_LARGEST = 4 * 1024 * 1024


class NoAnswerError(Exception):
    """The other service did not answer, or not with HTTP."""


async def ask(
    port: int,
    path: str,
    content: Any = None,
    *,
    within: float = 2.0,
    tls: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """GET, or POST `content` as JSON; returns status and body. Raises NoAnswerError."""
    try:
        async with asyncio.timeout(within):
            return await _ask(port, _request(path, content), tls)
    except TimeoutError:
        raise NoAnswerError(f"no answer from port {port} within {within:g} s") from None
    except EOFError:
        raise NoAnswerError(f"port {port} closed before the answer was complete") from None
    except (OSError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise NoAnswerError(f"port {port}: {error}") from None


def _request(path: str, content: Any) -> bytes:
    body = b"" if content is None else json.dumps(content).encode()
    method = "GET" if content is None else "POST"
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


async def _ask(port: int, request: bytes, tls: ssl.SSLContext | None) -> tuple[int, bytes]:
    name = "localhost" if tls else None
    reader, writer = await asyncio.open_connection(HOST, port, ssl=tls, server_hostname=name)
    try:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = int(head.lower().partition("content-length:")[2].split("\r\n")[0])
        if length > _LARGEST:
            raise ValueError(f"an answer of {length} bytes")
        return int(head.split(" ")[1]), await reader.readexactly(length)
    finally:
        writer.transport.abort()
