"""The way to the provider, and the way back with a session."""

import re
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse

from opsbook.core.clock import Clock
from opsbook.state.people import Person
from opsbook.web.oidc.flow import LASTS, Flow, Flows
from opsbook.web.oidc.identity import NobodyError, identity
from opsbook.web.oidc.provider import Provider, ProviderError
from opsbook.web.oidc.settings import OidcSettings
from opsbook.web.origin import scheme_of
from opsbook.web.problems import problems
from opsbook.web.reception import Reception
from opsbook.web.sessions import give_cookie

_COOKIE = "opsbook_oidc"
_PATH = "/api/session/oidc"
Text = Annotated[str, Query(max_length=4096)]


def oidc_routes(
    settings: OidcSettings, reception: Reception, prefix: str, clock: Clock
) -> APIRouter:
    """`/api/session/oidc`, and the callback that the provider has to know."""
    router = APIRouter(tags=["access"])
    desk = _Desk(settings, reception, prefix, clock)

    @router.get(_PATH, status_code=303, response_class=RedirectResponse, responses=problems(502))
    async def leave(request: Request) -> RedirectResponse:
        """Go to the provider, to show it who you are."""
        return await desk.leave(request)

    @router.get(
        f"{_PATH}/callback",
        status_code=303,
        response_class=RedirectResponse,
        responses=problems(401, 403, 502),
    )
    async def come_back(
        request: Request, code: Text = "", state: Text = "", error: Text = "", iss: Text = ""
    ) -> RedirectResponse:
        """Come back from the provider, with a session."""
        return await desk.come_back(request, code, state, error, iss)

    return router


class _Desk:
    def __init__(
        self, settings: OidcSettings, reception: Reception, prefix: str, clock: Clock
    ) -> None:
        self._settings, self._reception, self._prefix = settings, reception, prefix
        self._provider, self._flows = Provider(settings, clock), Flows(clock)

    async def leave(self, request: Request) -> RedirectResponse:
        flow = self._flows.begin()
        try:
            url = await self._provider.way_there(flow, self._back(request))
        except ProviderError as error:
            raise HTTPException(502, str(error)) from None
        answer = RedirectResponse(url, 303)
        # Lax: with Strict the browser would not send it when the provider sends it back.
        answer.set_cookie(
            _COOKIE,
            flow.state,
            max_age=int(LASTS),
            path=f"{self._prefix}{_PATH}",
            secure=scheme_of(request) == "https",
            httponly=True,
            samesite="lax",
        )
        return answer

    async def come_back(
        self, request: Request, code: str, state: str, error: str, issuer: str
    ) -> RedirectResponse:
        flow = self._flows.resume(state, request.cookies.get(_COOKIE, ""))
        if flow is None:
            raise self._refused(request, 401, "begun elsewhere, or too long ago; sign in again")
        if issuer not in ("", self._settings.issuer):
            raise self._refused(request, 401, "another provider sent it")  # RFC 9207
        if not code:
            reason = error if re.fullmatch(r"[a-z_]{1,50}", error) else "no code"
            raise self._refused(request, 401, f"the provider says: {reason}")
        person = await self._person(request, code, flow)
        text = await self._reception.welcome(request, person, "oidc")
        answer = RedirectResponse(f"{self._prefix}/", 303)
        give_cookie(request, answer, text, self._prefix)
        answer.delete_cookie(_COOKIE, path=f"{self._prefix}{_PATH}")
        return answer

    async def _person(self, request: Request, code: str, flow: Flow) -> Person:
        """Raises HTTPException."""
        try:
            claims = await self._provider.claims(code, flow, self._back(request))
            return identity(claims, self._settings)
        except ProviderError as error:
            raise self._refused(request, 401, str(error)) from None
        except NobodyError as error:
            raise self._refused(request, 403, str(error)) from None

    def _refused(self, request: Request, status: int, why: str) -> HTTPException:
        self._reception.refuse(request, "oidc", why)
        return HTTPException(status, f"not signed in: {why}")

    def _back(self, request: Request) -> str:
        host = request.headers["host"]
        return f"{scheme_of(request)}://{host}{self._prefix}{_PATH}/callback"
