"""The HTTP server, inside the one process."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

import opsbook
from opsbook.core.errors import BadInputError
from opsbook.metrics.store import Store
from opsbook.web.exposition import CONTENT_TYPE, expose
from opsbook.web.other_sites import NoOtherSites
from opsbook.web.prefix import Prefixed
from opsbook.web.prometheus.routes import prometheus_routes
from opsbook.web.prometheus.sources import Sources
from opsbook.web.settings import WebSettings
from opsbook.web.status import PlatformStatus, StatusView

_PLAIN = {404: "404 page not found\n", 405: "Method Not Allowed\n"}
"""What Prometheus says where its API has no such path or method."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def create_api(view: StatusView, store: Store, sources: Sources | None = None) -> FastAPI:
    """The API over a platform and its samples. Its document is at `/api/openapi.json`."""
    api = FastAPI(
        title="Opsbook",
        version=opsbook.__version__,
        openapi_url="/api/openapi.json",
        # The stock pages load scripts from elsewhere; nothing here does.
        docs_url=None,
        redoc_url=None,
    )
    # A page that resolves its own name to loopback must not read the answers.
    api.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    api.add_middleware(NoOtherSites)

    # Before those that answer GET, and not in the document: they are the same without a body.
    @api.head("/-/healthy", include_in_schema=False)
    async def alive() -> Response:
        return Response()

    @api.head("/-/ready", include_in_schema=False)
    async def awake() -> Response:
        return Response(status_code=(await ready()).status_code)

    @api.get("/-/healthy", response_class=PlainTextResponse, tags=["own"])
    async def healthy() -> str:
        """Whether the process answers."""
        return "opsbook is healthy\n"

    @api.get(
        "/-/ready",
        response_class=PlainTextResponse,
        tags=["own"],
        responses={503: {"description": "not every check was looked at yet"}},
    )
    async def ready() -> PlainTextResponse:
        """Whether every check has been looked at."""
        missing = sum(check.outcome is None for check in view.watch.checks.values())
        if missing:
            return PlainTextResponse(f"{missing} checks not looked at yet\n", status_code=503)
        return PlainTextResponse("opsbook is ready\n")

    @api.get("/metrics", response_class=PlainTextResponse, tags=["own"])
    async def metrics() -> Response:
        """Opsbook's own metrics and every check's state, duration and measurements."""
        await view.refresh()
        return Response(expose(view), media_type=CONTENT_TYPE)

    @api.get("/api/status", tags=["status"])
    async def status() -> PlatformStatus:
        """The platform as it stands: services, checks, conditions with actual values."""
        await view.refresh()
        return view.status()

    @api.exception_handler(StarletteHTTPException)
    async def failed(request: Request, error: StarletteHTTPException) -> Response:
        if error.status_code in _PLAIN and request.url.path.startswith("/api/v1/"):
            return PlainTextResponse(_PLAIN[error.status_code], error.status_code, error.headers)
        return await http_exception_handler(request, error)

    api.include_router(prometheus_routes(store, sources or Sources()))
    return api


class WebServer:
    """Listens from its making on; serves while `run` runs."""

    def __init__(self, api: FastAPI, listener: socket.socket, prefix: str = "") -> None:
        """On what `listen` gave; `close` gives it back."""
        self._socket, self._prefix = listener, prefix
        self._server = _Server(
            uvicorn.Config(
                Prefixed(api, prefix) if prefix else api,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )

    @property
    def address(self) -> str:
        return address_of(self._socket, self._prefix)

    async def run(self) -> None:
        """Serve until cancelled."""
        serving = asyncio.create_task(self._server.serve([self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            self._server.stop()
            await serving

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


class _Server(uvicorn.Server):
    """Signals belong to whoever runs the process, not to its web server, and it wakes for
    nothing but the date in its answers: ten times a second was a third of an idle watch."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        # On multiples of ten it renews the date.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._stopping.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def address_of(listener: socket.socket, prefix: str = "") -> str:
    """As a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}{prefix}" if ":" in host else f"http://{host}:{port}{prefix}"


def listen(settings: WebSettings) -> socket.socket:
    """Take the port. Raises BadInputError if the address is not loopback or is taken."""
    if settings.host not in _LOOPBACK:
        raise BadInputError(
            f"web.host {settings.host}: only loopback ({', '.join(_LOOPBACK)}) is served "
            "while there is no sign-in; put a proxy with sign-in before it"
        )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named, TCP has its connections send at once; else each answer waits 40 ms for the client.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise BadInputError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
            "choose another port with --port"
        ) from None
    listener.listen(128)
    listener.setblocking(False)
    return listener
