"""One server's HTTP API, asked from any thread; a request that nobody waits for is ended."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

import httpx2
import uvloop

from opsbook.core.errors import OpsbookError
from opsbook.core.units import format_duration, format_size
from opsbook.metrics.querier import never
from opsbook.metrics.store import StoreError
from opsbook.probes.explain import explain
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.tls import Trust
from opsbook.probes.user_agent import USER_AGENT

_LOOK = 0.05
"""Seconds between two looks at whether the answer is still wanted."""


class UnreachableError(StoreError):
    """There is no whole answer; the text names the URL and says why."""


class UnwantedError(OpsbookError):
    """Whoever asked does not want the answer any more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """The beginning of it in one line, for messages."""
        return " ".join(self.body[:2_000].decode(errors="replace").split())[:500]


@dataclass(frozen=True, slots=True)
class Access:
    """How a server is spoken to. `headers` gives those that sign us in; it may raise."""

    headers: Callable[[], Mapping[str, str]]
    tls: Trust = field(default_factory=Trust)
    timeout: float = 30.0
    """Seconds for a whole answer."""
    largest: int = 256 * 1024 * 1024
    """Bytes of an answer."""


class Client:
    """Keeps connections, on an event loop in a thread of its own until it is closed."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._http: httpx2.AsyncClient | None = None
        self._context: ssl.SSLContext | None = None
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="metrics remote", daemon=True
        )
        self._thread.start()

    def ask(
        self,
        method: str,
        url: str,
        *,
        cancelled: Callable[[], bool] = never,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> Answer:
        """`content` is httpx2's: `params`, `data` or `content`.

        Raises UnreachableError, UnwantedError, and BadInputError for a missing secret.
        """
        asked = self._asked(method, url, dict(headers or {}), content)
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        while True:
            try:
                return future.result(_LOOK)
            except TimeoutError:
                if cancelled():
                    future.cancel()
                    raise UnwantedError(f"{url}: the query was canceled") from None
            except CancelledError:
                raise UnreachableError(f"{url}: closed before there was an answer") from None

    def close(self) -> None:
        """Ends what is being asked."""
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _asked(
        self, method: str, url: str, headers: dict[str, str], content: dict[str, Any]
    ) -> Answer:
        access = self._access
        try:
            headers = {**headers, **access.headers(), "Accept-Encoding": "identity"}
            async with asyncio.timeout(access.timeout):
                http = await self._connected(url)
                names = {"sni_hostname": access.tls.server_name} if access.tls.server_name else {}
                async with http.stream(
                    method, url, headers=headers, extensions=names, **content
                ) as answer:
                    return Answer(answer.status_code, await self._body(url, answer), answer.headers)
        except TimeoutError:
            within = format_duration(access.timeout)
            raise UnreachableError(f"{url}: no answer within {within}") from None
        except httpx2.TransportError as error:
            raise UnreachableError(f"{url}: {explain(error)}") from None
        except ProbeUnknownError as error:
            raise UnreachableError(str(error)) from None

    async def _body(self, url: str, answer: httpx2.Response) -> bytes:
        body = bytearray()
        async for block in answer.aiter_raw():
            body += block
            if len(body) > self._access.largest:
                most = format_size(self._access.largest)
                raise UnreachableError(f"{url}: the answer is larger than {most}")
        return bytes(body)

    async def _connected(self, url: str) -> httpx2.AsyncClient:
        """A new client when a certificate file has changed."""
        context = self._access.tls.context(url) if url.startswith("https:") else None
        if self._http is None or context is not self._context:
            if self._http is not None:
                await self._http.aclose()
            self._context = context
            self._http = httpx2.AsyncClient(
                verify=context or False,
                trust_env=False,
                timeout=None,
                headers={"User-Agent": USER_AGENT},
            )
        return self._http

    async def _ended(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 5.0)
        if self._http is not None:
            await self._http.aclose()
