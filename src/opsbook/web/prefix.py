"""Everything below a path of its own, such as behind a proxy that serves other things too."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixed:
    """Gives an application the path behind the prefix; elsewhere there is nothing."""

    def __init__(self, application: ASGIApp, prefix: str) -> None:
        self._application, self._prefix = application, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            path = scope["path"]
            if path != self._prefix and not path.startswith(f"{self._prefix}/"):
                if scope["type"] == "websocket":
                    # Before it is accepted, this is how a server is told to answer with 403.
                    await send({"type": "websocket.close", "code": 1008})
                    return
                nothing = PlainTextResponse(f"everything is below {self._prefix}\n", 404)
                await nothing(scope, receive, send)
                return
            raw = scope.get("raw_path", path.encode())
            shorter = {
                "path": path.removeprefix(self._prefix) or "/",
                "raw_path": raw.removeprefix(self._prefix.encode()) or b"/",
            }
            scope = {**scope, **shorter}
        await self._application(scope, receive, send)
