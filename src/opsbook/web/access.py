"""Who asks, and whether they may: from the token or the session in a request.

A route that changes something takes `person: Operator`, or `Annotated[Person, Depends(may(role))]`.
A WebSocket asks `same_origin` first and then `person_of`.
Source: RFC 6750 for the header and its errors, RFC 9457 for how a refusal is told.
"""

import asyncio
import hmac
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from opsbook.state.local_token import LocalToken
from opsbook.state.people import Person, Role, through
from opsbook.state.sessions import Session, Sessions, csrf_of
from opsbook.state.tokens import Tokens
from opsbook.web.origin import same_origin as same_origin
from opsbook.web.origin import sender
from opsbook.web.problems import problem
from opsbook.web.refusals import Refusals

COOKIE = "opsbook_session"
CSRF = "X-Opsbook-CSRF"
LOOKS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
_NOBODY = "unknown"
"""Whom the ledger names where nobody showed who they are."""
_HOW = "`opsbook token add NAME --role {role}` on its machine makes one"
_SEND = "send it as `Authorization: Bearer TOKEN` (the opsbook command: $OPSBOOK_TOKEN)"
_bearer = HTTPBearer(auto_error=False, description="made by `opsbook token add`")
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description=f"set by `POST /api/session`; a change also needs the header {CSRF}",
)


class AccessError(HTTPException):
    """A request that is refused for who asks, or from where. `who` is named in the ledger."""

    def __init__(
        self, status: int, detail: str, who: str = _NOBODY, challenge: str | None = None
    ) -> None:
        asked = None if challenge is None else f'Bearer realm="opsbook"{challenge}'
        super().__init__(status, detail, {"WWW-Authenticate": asked} if asked else None)
        self.who = who


class Access:
    """Knows whose a token or a session is."""

    def __init__(
        self,
        local: LocalToken,
        tokens: Tokens,
        refusals: Refusals,
        sessions: Sessions | None = None,
    ) -> None:
        """Without `sessions`, nobody signs in: only tokens count."""
        self._local, self._tokens, self.refusals = local, tokens, refusals
        self._sessions = sessions

    async def person(self, token: str) -> Person | None:
        """None if the token is unknown, expired or revoked."""
        return self._local.check(token) or await asyncio.to_thread(self._tokens.check, token)

    async def session(self, text: str) -> Session | None:
        """None if the session is unknown or has ended."""
        if self._sessions is None:
            return None
        return await asyncio.to_thread(self._sessions.check, text)


def protect(api: FastAPI, access: Access) -> None:
    """Have the routes of `api` ask `access`, and tell of refusals as problem details."""
    api.state.access = access
    api.add_exception_handler(AccessError, refusal)


async def refusal(connection: HTTPConnection, error: Exception) -> JSONResponse:
    """The answer to what was refused, once it is recorded."""
    assert isinstance(error, AccessError)
    access: Access | None = getattr(connection.app.state, "access", None)
    if access is not None:
        method = connection.scope.get("method", "WebSocket")
        path, place = path_of(connection), sender(connection)
        access.refusals.add(error.who, error.status_code, method, path, place)
    return problem(error.status_code, str(error.detail), error.headers)


async def person_of(connection: HTTPConnection) -> Person | None:
    """Who shows a good token or session; where a token is shown, the session does not count.

    A session counts whatever page sends it: ask `same_origin` before. Raises HTTPException (503)
    while the database cannot be read.
    """
    token = token_of(connection)
    if token is not None:
        return await _read(connection, token)
    session = await session_of(connection)
    return None if session is None else session.person


async def session_of(connection: HTTPConnection) -> Session | None:
    """The good session of a request. Raises HTTPException (503)."""
    text = connection.cookies.get(COOKIE)
    if not text:
        return None
    access: Access = connection.app.state.access
    try:
        return await access.session(text)
    except SQLAlchemyError:
        raise _unreadable("sessions") from None


async def admit(connection: HTTPConnection, role: Role) -> Person:
    """Who asks, if they have at least `role` and, for a change by session, if a page of ours
    sends it. Raises AccessError, HTTPException (503)."""
    person = await person_of(connection)
    if person is None:
        raise _nobody(connection, role)
    if not _is_meant(connection):
        said = f"a change by session needs the header {CSRF}, with what `GET /api/session` gives"
        raise AccessError(403, said, person.name)
    if not person.role.allows(role):
        said = f"this needs the role {role}, and {person.name} has {person.role}"
        scope = f', error="insufficient_scope", scope="{role}"'
        raise AccessError(403, f"{said}: {_HOW.format(role=role)}", person.name, scope)
    return person


class _May:
    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(
        self,
        request: Request,
        _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        _session: Annotated[str | None, Depends(_cookie)],
    ) -> Person:
        """The last two are for the document of the API."""
        person = await admit(request, self._role)
        if self._role is not Role.VIEWER:
            request.scope.setdefault("state", {})["acting"] = person
        return person


def may(role: Role) -> _May:
    """A dependency that gives the person who asks, and refuses who has less than `role`."""
    return _May(role)


Operator = Annotated[Person, Depends(may(Role.OPERATOR))]
"""The one who acts."""


def acting(person: Person, by: str) -> str:
    """Who does it, as the ledger names them. Only an admin may act for somebody else, and then
    both are named. Raises AccessError."""
    if by in ("", person.name):
        return person.name
    if not person.role.allows(Role.ADMIN):
        said = f"by {by}: the token is {person.name}'s, and only an admin acts for others"
        raise AccessError(403, f"{said}; leave `by` out, or take the token of {by}", person.name)
    return through(by, person.name)


def token_of(connection: HTTPConnection) -> str | None:
    """What is shown as a bearer's token."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def path_of(connection: HTTPConnection) -> str:
    """As the route has it, or its beginning: what was sent behind that might be a secret."""
    path = getattr(connection.scope.get("route"), "path", None)
    return str(path or "/".join(connection.scope["path"].split("/")[:3])[:100])


def _nobody(connection: HTTPConnection, role: Role) -> AccessError:
    how = _HOW.format(role=role)
    if token_of(connection) is not None:
        said = f"the token is unknown, expired or revoked: {how}"
        return AccessError(401, said, challenge=', error="invalid_token"')
    if connection.cookies.get(COOKIE):
        return AccessError(401, "the session has ended: sign in again", challenge="")
    return AccessError(401, f"this needs a token: {how}; {_SEND}", challenge="")


def _is_meant(connection: HTTPConnection) -> bool:
    """Whoever shows a token means it; a cookie is sent along with whatever a page sends."""
    if connection.scope.get("method", "GET") in LOOKS or token_of(connection) is not None:
        return True
    shown = connection.headers.get(CSRF, "")
    return hmac.compare_digest(shown.encode(), csrf_of(connection.cookies[COOKIE]).encode())


async def _read(connection: HTTPConnection, token: str) -> Person | None:
    access: Access = connection.app.state.access
    try:
        return await access.person(token)
    except SQLAlchemyError:
        raise _unreadable("tokens") from None


def _unreadable(what: str) -> HTTPException:
    return HTTPException(503, f"{what} cannot be read from the database; try again")
