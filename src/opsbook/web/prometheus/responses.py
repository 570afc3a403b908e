"""From bytes in pieces to HTTP: small answers whole, large ones piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from opsbook.web.prometheus.answers import Body
from opsbook.web.prometheus.runner import Runner

VARY = {"Vary": "Accept-Encoding"}
_PATIENCE = 60.0
"""Seconds in which a client has to take a piece."""


def takes_gzip(request: Request) -> bool:
    """Whether `Accept-Encoding` allows it, RFC 9110 section 12.5.3."""
    for each in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def response(body: Body, media_type: str, runner: Runner) -> Response:
    headers = VARY | ({"Content-Encoding": "gzip"} if body.packed else {})
    if body.rest is None:
        return Response(body.first, media_type=media_type, headers=headers)
    pieces = _pieces(body.first, body.rest, runner)
    return _Patient(pieces, media_type=media_type, headers=headers)


class _Patient(StreamingResponse):
    """Gives up on a client that takes nothing any more, and so lets go of what it would get."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def within_limits(message: Message) -> None:
            async with asyncio.timeout(_PATIENCE):
                await send(message)

        try:
            await super().__call__(scope, receive, within_limits)
        except (TimeoutError, ClientDisconnect):
            return


async def _pieces(first: bytes, rest: Iterator[bytes], runner: Runner) -> AsyncIterator[bytes]:
    yield first
    while (piece := await runner.aside(lambda: next(rest, None))) is not None:
        yield piece
