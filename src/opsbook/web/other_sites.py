"""Pages of other sites, which the browser of somebody here lets send requests to loopback."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from opsbook.web.access import AccessError, refusal

_LOOKS = ("GET", "HEAD", "OPTIONS")


class NoOtherSites:
    """Refuses what such pages send to change something, before any route sees it.

    Source: Fetch Metadata Request Headers (W3C); older browsers say where a page is from by
    `Origin` alone.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _LOOKS:
            request = Request(scope)
            if _is_of_another_site(request):
                said = (
                    f"sent by a page of {request.headers.get('origin', 'another site')}: only "
                    "Opsbook's own pages may; programs leave Origin and Sec-Fetch-Site out"
                )
                answer = await refusal(request, AccessError(403, said))
                await answer(scope, receive, send)
                return
        await self._application(scope, receive, send)


def _is_of_another_site(request: Request) -> bool:
    headers = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and not origin.endswith(f"://{headers.get('host', '')}")
