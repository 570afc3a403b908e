"""Pages of other sites, which the browser of somebody here lets send requests to loopback."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from opsbook.web.access import LOOKS, AccessError, refusal
from opsbook.web.origin import same_origin


class NoOtherSites:
    """Refuses what such pages send to change something, and their WebSockets, which no browser
    keeps from reading: before any route sees it.

    Source: Fetch Metadata Request Headers (W3C); older browsers say where a page is from by
    `Origin` alone.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" or scope.get("method", "GET") not in LOOKS:
            connection = HTTPConnection(scope)
            if _is_of_another_site(connection):
                said = (
                    f"sent by a page of {connection.headers.get('origin', 'another site')}: only "
                    "Opsbook's own pages may; programs leave Origin and Sec-Fetch-Site out"
                )
                answer = await refusal(connection, AccessError(403, said))
                await answer(scope, receive, send)
                return
        await self._application(scope, receive, send)


def _is_of_another_site(connection: HTTPConnection) -> bool:
    site = connection.headers.get("sec-fetch-site")
    if site is not None and connection.scope["type"] == "http":
        return site not in ("same-origin", "none")
    return "origin" in connection.headers and not same_origin(connection)
