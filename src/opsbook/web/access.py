"""Who asks, and whether they may: dependencies for routes, from the token in a request.

A route that changes something takes `person: Operator`, or `Annotated[Person, Depends(may(role))]`.
Source: RFC 6750 for the header and its errors, RFC 9457 for how a refusal is told.
"""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import SQLAlchemyError

from opsbook.state.local_token import LocalToken
from opsbook.state.people import Person, Role, through
from opsbook.state.tokens import Tokens
from opsbook.web.refusals import Refusals

_NOBODY = "unknown"
"""Whom the ledger names where nobody showed who they are."""
_HOW = "`opsbook token add NAME --role {role}` on its machine makes one"
_SEND = "send it as `Authorization: Bearer TOKEN` (the opsbook command: $OPSBOOK_TOKEN)"
_bearer = HTTPBearer(auto_error=False, description="made by `opsbook token add`")


class AccessError(HTTPException):
    """A request that is refused for who asks, or from where. `who` is named in the ledger."""

    def __init__(
        self, status: int, detail: str, who: str = _NOBODY, challenge: str | None = None
    ) -> None:
        asked = None if challenge is None else f'Bearer realm="opsbook"{challenge}'
        super().__init__(status, detail, {"WWW-Authenticate": asked} if asked else None)
        self.who = who


class Access:
    """Knows whose a token is."""

    def __init__(self, local: LocalToken, tokens: Tokens, refusals: Refusals) -> None:
        self._local, self._tokens, self.refusals = local, tokens, refusals

    async def person(self, token: str) -> Person | None:
        """None if the token is unknown, expired or revoked."""
        return self._local.check(token) or await asyncio.to_thread(self._tokens.check, token)


def protect(api: FastAPI, access: Access) -> None:
    """Have the routes of `api` ask `access`, and tell of refusals as problem details."""
    api.state.access = access
    api.add_exception_handler(AccessError, refusal)


async def refusal(request: Request, error: Exception) -> JSONResponse:
    """The answer to what was refused, once it is recorded."""
    assert isinstance(error, AccessError)
    access: Access | None = getattr(request.app.state, "access", None)
    if access is not None:
        access.refusals.add(error.who, error.status_code, request.method, _path(request))
    return _problem(error)


class _May:
    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(
        self,
        request: Request,
        shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Person:
        how = _HOW.format(role=self._role)
        if shown is None:
            raise AccessError(401, f"this needs a token: {how}; {_SEND}", challenge="")
        person = await _person(request.app.state.access, shown.credentials)
        if person is None:
            said = f"the token is unknown, expired or revoked: {how}"
            raise AccessError(401, said, challenge=', error="invalid_token"')
        if not person.role.allows(self._role):
            said = f"this needs the role {self._role}, and {person.name} has {person.role}: {how}"
            scope = f', error="insufficient_scope", scope="{self._role}"'
            raise AccessError(403, said, person.name, scope)
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


async def _person(access: Access, token: str) -> Person | None:
    try:
        return await access.person(token)
    except SQLAlchemyError:
        raise HTTPException(503, "tokens cannot be read from the database; try again") from None


def _path(request: Request) -> str:
    """As the route has it, or its beginning: what was sent behind that might be a secret."""
    path = getattr(request.scope.get("route"), "path", None)
    return str(path or "/".join(request.url.path.split("/")[:3])[:100])


def _problem(error: AccessError) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    return JSONResponse(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": error.detail,
        },
        status,
        error.headers,
        "application/problem+json",
    )
