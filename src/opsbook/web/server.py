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
from opsbook.web.acts import Acts
from opsbook.web.bodies import BoundedBodies
from opsbook.web.exposition import CONTENT_TYPE, expose
from opsbook.web.gate import Gate
from opsbook.web.headers import SecurityHeaders
from opsbook.web.live.protocol import LiveProtocol
from opsbook.web.other_sites import NoOtherSites
from opsbook.web.prefix import Prefixed
from opsbook.web.prometheus.routes import prometheus_routes
from opsbook.web.prometheus.sources import Sources
from opsbook.web.settings import WebSettings
from opsbook.web.status import PlatformStatus, StatusView
from opsbook.web.tls import show_certificate, tls_context

_PLAIN = {404: "404 page not found\n", 405: "Method Not Allowed\n"}
"""What Prometheus says where its API has no such path or method."""
_LARGEST_MESSAGE = 64 * 1024
"""Bytes of what a page says by WebSocket."""
_PING_EVERY = 10.0
"""Seconds; a page that does not answer for so long is gone."""


def create_api(
    view: StatusView,
    store: Store,
    sources: Sources | None = None,
    web: WebSettings | None = None,
) -> FastAPI:
    """The API over a platform and its samples. Its document is at `/api/openapi.json`."""
    web = web or WebSettings()
    api = FastAPI(
        title="Opsbook",
        version=opsbook.__version__,
        openapi_url="/api/openapi.json",
        # The stock pages load scripts from elsewhere; nothing here does.
        docs_url=None,
        redoc_url=None,
    )
    # From the inside to the outside.
    api.add_middleware(Acts, ledger=lambda: view.ledger)
    api.add_middleware(BoundedBodies)
    if web.exposed:
        api.add_middleware(Gate, proxied=web.proxy is not None)
    api.add_middleware(NoOtherSites)
    # A page that resolves its own name to loopback must not read the answers.
    api.add_middleware(TrustedHostMiddleware, allowed_hosts=web.names)

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

    def __init__(
        self, api: FastAPI, listener: socket.socket, settings: WebSettings | None = None
    ) -> None:
        """On what `listen` gave; `close` gives it back. Raises BadInputError for a certificate
        that cannot be used."""
        self._socket, self._settings = listener, settings or WebSettings()
        prefix, proxy, tls = self._settings.prefix, self._settings.proxy, self._settings.tls
        config = uvicorn.Config(
            SecurityHeaders(Prefixed(api, prefix) if prefix else api),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ws=LiveProtocol,
            # The same bytes go to all pages; packed, each would cost its own time and memory.
            ws_per_message_deflate=False,
            ws_ping_interval=_PING_EVERY,
            ws_ping_timeout=_PING_EVERY,
            ws_max_size=_LARGEST_MESSAGE,
            # Nobody says from where somebody else asks, but for a declared proxy.
            proxy_headers=proxy is not None,
            forwarded_allow_ips=proxy.trusted if proxy is not None else [],
        )
        config.load()
        self._tls = config.ssl = tls_context(tls) if tls is not None else None
        self._server = _Server(config)

    @property
    def address(self) -> str:
        """As programs of this machine reach it."""
        return address_of(self._socket, self._settings)

    @property
    def on_loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        return self._settings.on_loopback and self._settings.proxy is None

    def renew(self) -> None:
        """Read the certificate again. Raises BadInputError, and then the one before is shown."""
        if self._tls is not None and self._settings.tls is not None:
            show_certificate(self._tls, self._settings.tls)

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


def address_of(listener: socket.socket, settings: WebSettings) -> str:
    """As a URL, for programs of this machine."""
    scheme = "http" if settings.tls is None else "https"
    return f"{scheme}://{settings.near}:{listener.getsockname()[1]}{settings.prefix}"


def public_address_of(listener: socket.socket, settings: WebSettings) -> str:
    """As a URL, for people: behind a proxy, the name that is declared and the usual port."""
    if settings.proxy is not None and settings.hosts:
        return f"https://{settings.hosts[0]}{settings.prefix}"
    return address_of(listener, settings)


def listen(settings: WebSettings) -> socket.socket:
    """Take the port. Raises BadInputError if it is taken, or if others could listen in."""
    if not settings.on_loopback and settings.tls is None and settings.proxy is None:
        raise BadInputError(
            f"web.host {settings.host}: others on the way would read passwords and tokens; give "
            "`web.tls` a certificate and its key, or name under `web.proxy: trusted` the addresses "
            "of the proxy that ends TLS before it"
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
