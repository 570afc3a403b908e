"""How much of a request is read, whoever sends it: its token is looked at only afterwards."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsbook.web.problems import problem

_MOST = 1024 * 1024
_MORE = {"/api/v1/write": 32 * 1024 * 1024}
"""Bytes, as they come; samples are pushed in large pieces."""


class BoundedBodies:
    """Refuses what is larger, before it is read where its length is told."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        most = _MORE.get(scope["path"], _MOST)
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and int(told) > most:
            await problem(413, _said(most), {"Connection": "close"})(scope, receive, send)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, _said(most))
            return message

        await self._application(scope, bounded, send)


def _said(most: int) -> str:
    return f"the body is larger than {most} bytes; send it in several requests"
