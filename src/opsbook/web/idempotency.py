"""Changes that are sent twice and made once: the header `Idempotency-Key`.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

import asyncio
import hashlib
import logging
import re
from typing import Any

from fastapi import FastAPI, HTTPException
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsbook.state.answers import Answer, Answers, Standing
from opsbook.state.people import Person
from opsbook.web.access import person_of
from opsbook.web.problems import problem

logger = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
REPLAYED = "Idempotency-Replayed"
_ELSEWHERE = ("/api/v1/", "/api/v2/", "/api/session", "/api/tokens")
"""Paths of other programs' APIs; and those whose answer is a secret."""
_LARGEST = 1024 * 1024
_SAID = {
    Standing.UNDER_WAY: (409, "is being carried out; wait for its answer, or ask again"),
    Standing.ANOTHER: (422, "was given with another request; take a new one for each"),
    Standing.UNKNOWN: (
        409,
        "was begun, and nobody knows what came of it: look how it stands, then take a new one",
    ),
}


def answer_once(api: FastAPI, answers: Answers) -> None:
    """Have `api` do so, behind everything that may refuse a request for where it is from."""
    api.user_middleware.append(Middleware(AnswersOnce, answers=answers))


class AnswersOnce:
    """Gives the first answer again for a day. What was refused did nothing and is not kept."""

    def __init__(self, application: ASGIApp, answers: Answers) -> None:
        self._application, self._answers = application, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        person = None if key is None else await _person(Request(scope))
        if key is None or person is None:
            await self._application(scope, receive, send)
            return
        if not re.fullmatch(rf"[!-~]{{1,{LONGEST_KEY}}}", key):
            said = f"{HEADER}: 1 to {LONGEST_KEY} letters, digits and signs (got {len(key)})"
            await problem(400, said)(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
        except HTTPException as error:
            await problem(error.status_code, error.detail, error.headers)(scope, receive, send)
            return
        try:
            found = await asyncio.to_thread(
                self._answers.begin, person.name, key, _digest(scope, body)
            )
        except SQLAlchemyError as error:
            said = f"nothing was done: the database said {getattr(error, 'orig', None) or error}"
            await problem(503, said)(scope, receive, send)
            return
        if found is not Standing.NEW:
            await _again(found)(scope, receive, send)
            return
        await self._first(scope, body, receive, send, (person.name, key))

    async def _first(
        self, scope: Scope, body: bytes, receive: Receive, send: Send, whose: tuple[str, str]
    ) -> None:
        """Carry it out, and keep what is answered before it is sent."""
        heard = _Heard(body, receive, send)
        try:
            await self._application(scope, heard.receive, heard.take)
        except BaseException:
            await self._write(self._answers.lose, *whose)
            raise
        answer = heard.answer
        if answer is None:
            await self._write(self._answers.lose, *whose)
        elif 400 <= answer.status < 500 or answer.status == 503:
            await self._write(self._answers.forget, *whose)
        else:
            await self._write(self._answers.keep, *whose, answer)
        await heard.send_on()

    async def _write(self, what: Any, *values: Any) -> None:
        """Not to know the answer later is no reason not to give it now."""
        try:
            await asyncio.shield(asyncio.to_thread(what, *values))
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            logger.error("an answer was not kept, and is not given again: %s", cause)


class _Heard:
    """A request that was read already, and its answer held back until it is kept."""

    def __init__(self, body: bytes, receive: Receive, send: Send) -> None:
        self._body: bytes | None = body
        self._receive, self._send = receive, send
        self._messages: list[Message] = []

    async def receive(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(self, message: Message) -> None:
        self._messages.append(message)

    async def send_on(self) -> None:
        for message in self._messages:
            await self._send(message)

    @property
    def answer(self) -> Answer | None:
        """None for what is no whole answer, or too large to be kept."""
        starts = [each for each in self._messages if each["type"] == "http.response.start"]
        body = b"".join(each.get("body", b"") for each in self._messages)
        if not starts or len(body) > _LARGEST:
            return None
        headers = {name.lower(): value for name, value in starts[0]["headers"]}
        media_type = headers.get(b"content-type", b"application/json").decode("latin-1")
        return Answer(starts[0]["status"], media_type[:100], body)


def takes_key(method: str, path: str) -> bool:
    """Whether it is a change in our own API."""
    ours = path.startswith("/api/") and not path.startswith(_ELSEWHERE)
    return method.upper() == "POST" and ours


def _key(scope: Scope) -> str | None:
    """None where there is none, or where it means nothing."""
    if scope["type"] != "http" or not takes_key(scope["method"], scope["path"]):
        return None
    return Request(scope).headers.get(HEADER)


async def _person(request: Request) -> Person | None:
    """Whoever nobody knows is refused by the route itself, and so is a database that is away."""
    try:
        return await person_of(request)
    except HTTPException:
        return None


def _digest(scope: Scope, body: bytes) -> str:
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], body)
    whole = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(whole).hexdigest()


def _again(found: Answer | Standing) -> Response:
    if isinstance(found, Answer):
        again = {REPLAYED: "true"}
        return Response(found.body, found.status, again, found.media_type)
    status, said = _SAID[found]
    return problem(status, f"{HEADER}: the request with this key {said}")
