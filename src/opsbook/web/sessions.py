"""Signing in and out with a browser, and the sessions that there are."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import HTTPConnection

from opsbook.state.people import Person, Role
from opsbook.state.sessions import LONGEST, Session, Way, csrf_of
from opsbook.web.access import COOKIE, may, person_of, session_of
from opsbook.web.codes import LASTS
from opsbook.web.moments import moment
from opsbook.web.origin import scheme_of, sender
from opsbook.web.problems import ProblemDetails, problems
from opsbook.web.reception import Reception
from opsbook.web.roles import Viewer

Admin = Annotated[Person, Depends(may(Role.ADMIN))]
_TOO_OFTEN: dict[int | str, dict[str, Any]] = {
    429: {
        "description": "too many attempts failed; `Retry-After` has the seconds to wait",
        "model": ProblemDetails,
    }
}


class PersonView(BaseModel):
    name: str
    role: Role


class SessionView(BaseModel):
    """Who asks, as far as they showed it."""

    person: PersonView | None
    csrf: str | None = Field(description="for the header X-Opsbook-CSRF of each change")
    expires_at: datetime | None
    ways: list[Way] = Field(description="by which somebody can sign in here")


class SignIn(BaseModel):
    """A code, or a name and a password."""

    code: SecretStr | None = Field(None, description="from a link of `opsbook sign-in`")
    name: str | None = None
    password: SecretStr | None = None


class BegunSession(BaseModel):
    """A session that is good at the moment."""

    id: str
    name: str
    role: Role
    way: Way
    made_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str = Field(description="from where it began")
    agent: str = Field(description="what the browser called itself")
    current: bool = Field(description="whether it is the one that asks")


class Code(BaseModel):
    """For a link `/sign-in#CODE`: behind the `#` it is in no log."""

    code: str
    path: str
    expires_in_seconds: int


def session_routes(
    reception: Reception, prefix: str = "", more_ways: Sequence[Way] = ()
) -> APIRouter:
    """`/api/session` and `/api/sessions`. `prefix`: the path below which everything stands."""
    router = APIRouter(prefix="/api", tags=["access"])
    _add_signing_in(router, reception, prefix, more_ways)
    _add_sessions(router, reception)
    return router


def give_cookie(request: HTTPConnection, response: Response, text: str, prefix: str) -> None:
    """No script reads it, and no page of another site has it sent."""
    secure = scheme_of(request) == "https"
    response.set_cookie(
        COOKIE,
        text,
        max_age=int(LONGEST),
        path=prefix or "/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def _add_signing_in(
    router: APIRouter, reception: Reception, prefix: str, more_ways: Sequence[Way]
) -> None:
    async def ways() -> list[Way]:
        by_password = await asyncio.to_thread(reception.users.list)
        return [*(("password",) if by_password else ()), "code", *more_ways]

    @router.get("/session")
    async def who(request: Request, response: Response) -> SessionView:
        """Who asks. Without a session and a token this answers too."""
        response.headers["Cache-Control"] = "no-store"
        person, session = await person_of(request), await session_of(request)
        if session is None or person != session.person:
            return SessionView(person=_shown(person), csrf=None, expires_at=None, ways=await ways())
        return _view(session, request.cookies[COOKIE], await ways())

    @router.post("/session", responses=problems(401, 422, 503) | _TOO_OFTEN)
    async def sign_in(asked: SignIn, request: Request, response: Response) -> SessionView:
        """Begin a session, by a code or by a name and a password; it is in a cookie."""
        if asked.code is not None:
            text = await reception.by_code(request, asked.code.get_secret_value())
        elif asked.name is not None and asked.password is not None:
            password = asked.password.get_secret_value()
            text = await reception.by_password(request, asked.name[:200], password)
        else:
            raise HTTPException(422, "give a code, or a name and a password")
        session = await asyncio.to_thread(reception.sessions.check, text)
        if session is None:
            raise HTTPException(401, "the user was changed at this moment; sign in again")
        give_cookie(request, response, text, prefix)
        response.headers["Cache-Control"] = "no-store"
        return _view(session, text, await ways())

    @router.delete("/session")
    async def sign_out(request: Request, response: Response, person: Viewer) -> SessionView:
        """End the session that asks."""
        session = await session_of(request)
        if session is not None:
            for each in await asyncio.to_thread(reception.sessions.end, session.id):
                reception.record_end(each, person.name, sender(request))
        response.delete_cookie(COOKIE, path=prefix or "/", httponly=True, samesite="strict")
        return SessionView(person=None, csrf=None, expires_at=None, ways=await ways())

    @router.post("/session/codes")
    async def code(person: Admin) -> Code:
        """A code by which the admin who asks signs in with a browser, once."""
        made = reception.codes.issue(person)
        return Code(code=made, path=f"{prefix}/sign-in", expires_in_seconds=int(LASTS))


def _add_sessions(router: APIRouter, reception: Reception) -> None:
    @router.get("/sessions")
    async def listed(person: Viewer, request: Request) -> list[BegunSession]:
        """One's own sessions; an admin sees everybody's."""
        asking = await session_of(request)
        whose = None if person.role.allows(Role.ADMIN) else person.name
        found = await asyncio.to_thread(reception.sessions.list, whose)
        return [_begun(each, asking) for each in found]

    @router.delete("/sessions/{which}", responses=problems(404))
    async def end(
        which: Annotated[str, Path(max_length=100, description="an id, or somebody's name")],
        person: Viewer,
        request: Request,
    ) -> list[BegunSession]:
        """End one session by its id, or all of somebody by their name; an admin ends
        everybody's."""
        whose = None if person.role.allows(Role.ADMIN) else person.name
        gone = await asyncio.to_thread(reception.sessions.end, which, whose)
        if not gone:
            raise HTTPException(
                404, f"no session of {whose or 'anybody'} has the id or name {which}"
            )
        for each in gone:
            reception.record_end(each, person.name, sender(request))
        return [_begun(each, None) for each in gone]


def _shown(person: Person | None) -> PersonView | None:
    return None if person is None else PersonView(name=person.name, role=person.role)


def _view(session: Session, text: str, ways: list[Way]) -> SessionView:
    return SessionView(
        person=_shown(session.person),
        csrf=csrf_of(text),
        expires_at=moment(session.expires_at),
        ways=ways,
    )


def _begun(session: Session, asking: Session | None) -> BegunSession:
    return BegunSession(
        id=session.id,
        name=session.person.name,
        role=session.person.role,
        way=session.way,
        made_at=moment(session.made_at),
        last_seen_at=moment(session.last_seen_at),
        expires_at=moment(session.expires_at),
        address=session.address,
        agent=session.agent,
        current=asking is not None and asking.id == session.id,
    )
