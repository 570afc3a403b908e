"""`/api/live`: a page asks once, and hears from then on."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any

from fastapi import APIRouter, HTTPException, Response, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from opsbook.state.people import Person
from opsbook.web.access import AccessError, person_of, refusal, same_origin
from opsbook.web.live.following import TooManyFollowedError
from opsbook.web.live.hub import Hub
from opsbook.web.live.model import Asked, LiveState
from opsbook.web.live.outbox import Outbox
from opsbook.web.live.protocol import cut
from opsbook.web.problems import problems

MOST = 200
"""Sockets at once."""
_FIRST_WITHIN = 10.0
"""Seconds in which a page says what it knows."""
_ASK_AGAIN = 4.0
"""Seconds between two looks whether who listens still may."""
_POLICY, _LATER, _SIGN_IN = 1008, 1013, 4401
"""Close codes: RFC 6455 and its registry; the last is our own, for 401."""


class _CloseError(Exception):
    """Why a socket is closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def live_routes(hub: Hub, *, open_to_all: bool = True) -> APIRouter:
    """`open_to_all` says that who looks need not have signed in."""
    routes = APIRouter(tags=["status"])
    sockets: set[WebSocket] = set()

    @routes.get("/api/live", responses=problems(503))
    async def live_state() -> LiveState:
        """Everything at once, as a WebSocket at the same address tells it first."""
        try:
            async with hub.listening():
                return Response(hub.state(), media_type="application/json")  # type: ignore[return-value]
        except TimeoutError:
            raise HTTPException(503, "nothing is known yet; try again") from None

    @routes.websocket("/api/live")
    async def live(websocket: WebSocket) -> None:
        """Each change, within a second of it."""
        try:
            person = await _admitted(websocket, open_to_all)
        except HTTPException as error:
            await websocket.send_denial_response(await _denied(websocket, error))
            return
        await websocket.accept()
        if len(sockets) >= MOST:
            await websocket.close(_LATER, f"{MOST} pages are open already; close some")
            return
        sockets.add(websocket)
        try:
            await _Page(hub, websocket, person).serve()
        finally:
            sockets.discard(websocket)

    return routes


class _Page:
    def __init__(self, hub: Hub, websocket: WebSocket, person: Person | None) -> None:
        self._hub, self._websocket, self._person = hub, websocket, person
        self._outbox = Outbox(monotonic)

    async def serve(self) -> None:
        """Until either side has had enough."""
        try:
            async with self._hub.listening():
                first = await self._first()
                with self._hub.joined(self._outbox, first.since):
                    self._follow(first)
                    await _first_of(self._send(), self._hear(), self._may(), self._reads())
        except _CloseError as error:
            await self._close(error)
        except TimeoutError:
            await self._close(_CloseError(_LATER, "nothing is known yet; try again"))
        except WebSocketDisconnect:
            pass

    async def _first(self) -> Asked:
        try:
            async with asyncio.timeout(_FIRST_WITHIN):
                return await self._asked()
        except TimeoutError:
            raise _CloseError(_POLICY, "nothing was asked for") from None

    async def _asked(self) -> Asked:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            return Asked.model_validate_json(message.get("text") or message.get("bytes") or b"")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the message"
            raise _CloseError(_POLICY, f"{where}: {first['msg']}"[:100]) from None

    def _follow(self, asked: Asked) -> None:
        runs = {run: asked.lines.get(run, 0) for run in asked.follow}
        try:
            self._hub.following.set(self._outbox, runs)
        except TooManyFollowedError as error:
            raise _CloseError(_LATER, str(error)) from None

    async def _send(self) -> None:
        await self._outbox.send(self._websocket.send_text)

    async def _hear(self) -> None:
        while True:
            self._follow(await self._asked())

    async def _may(self) -> None:
        """Who was signed in must still be."""
        while self._person is not None:
            await asyncio.sleep(_ASK_AGAIN)
            try:
                if await person_of(self._websocket) != self._person:
                    raise _CloseError(_SIGN_IN, "sign in again")
            except HTTPException:
                continue  # not known while the database is away; nobody is turned away for that
        await asyncio.Event().wait()

    async def _reads(self) -> None:
        await self._outbox.given_up.wait()
        raise _CloseError(_LATER, "too slow: begin anew")

    async def _close(self, error: _CloseError) -> None:
        if not cut(self._websocket.scope, error.code, error.reason):
            await self._websocket.close(error.code, error.reason)


async def _admitted(websocket: WebSocket, open_to_all: bool) -> Person | None:
    """Raises AccessError, HTTPException (503)."""
    person = await person_of(websocket)
    if not same_origin(websocket):
        name = person.name if person else "unknown"
        origin = websocket.headers.get("origin", "another program")
        raise AccessError(403, f"asked by {origin}: only Opsbook's own pages may, and tokens", name)
    if person is None and not open_to_all:
        raise AccessError(401, "sign in first, or send a token")
    return person


async def _denied(websocket: WebSocket, error: HTTPException) -> Response:
    if isinstance(error, AccessError):
        return await refusal(websocket, error)
    return Response(str(error.detail), error.status_code)


async def _first_of(*ways: Coroutine[Any, Any, None]) -> None:
    """What comes first ends all."""
    tasks = [asyncio.ensure_future(each) for each in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
