"""The way in where others than the machine's own people can reach the port."""

from ipaddress import ip_address

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from opsbook.state.people import Role
from opsbook.web.access import LOOKS, AccessError, admit, refusal
from opsbook.web.origin import scheme_of, sender

_CLOSED = ("/api/", "/-/", "/metrics", "/federate")
"""What tells of the platform; the rest are the files of the console and the public page."""
_OPEN = (
    "/-/healthy",
    "/-/ready",
    "/api/session",
    "/api/session/oidc",
    "/api/session/oidc/callback",
)
"""What has to answer before somebody has signed in."""
_FOREIGN = ("/api/v2/", "/api/v1/write", "/api/v1/admin/")
"""Paths for clients of others, whose routes ask for nobody: whoever changes something there is
an operator. What comes to the rest of `/api/v1/` by POST is a question."""
_ACTS = "/api/v2/silence"
"""Among them, what people do; programs send alerts and samples all the time."""


class Gate:
    """Lets viewers in, and nobody else, before any route sees what they send."""

    def __init__(self, application: ASGIApp, proxied: bool) -> None:
        """`proxied`: only the proxy, and programs of this machine, are answered at all."""
        self._application, self._proxied = application, proxied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            try:
                await self._let_in(HTTPConnection(scope))
            except AccessError as error:
                answer = await refusal(HTTPConnection(scope), error)
                await answer(scope, receive, send)
                return
        await self._application(scope, receive, send)

    async def _let_in(self, connection: HTTPConnection) -> None:
        """Raises AccessError."""
        if self._proxied and scheme_of(connection) != "https" and not _is_near(connection):
            raise AccessError(
                403,
                "only the proxy is answered here, and it has to say `X-Forwarded-Proto: https`",
            )
        path: str = connection.scope["path"]
        if path in _OPEN or not path.startswith(_CLOSED):
            return
        changes = connection.scope.get("method", "GET") not in LOOKS
        role = Role.OPERATOR if changes and path.startswith(_FOREIGN) else Role.VIEWER
        person = await admit(connection, role)
        if changes and path.startswith(_ACTS):
            connection.scope.setdefault("state", {})["acting"] = person


def _is_near(connection: HTTPConnection) -> bool:
    try:
        return ip_address(sender(connection)).is_loopback
    except ValueError:
        return False
