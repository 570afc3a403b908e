"""One HTTP request and its answer; where there is none, what became of the request."""

import asyncio
import email.utils
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2

from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.sending.address import check_url, origin
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import mask
from opsbook.metrics.scraping.tls import TlsConfig
from opsbook.probes.explain import explain
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.user_agent import USER_AGENT

_MOST_BODY = 64 * 1024
"""Bytes of an answer that are read; the connection ends there."""
_SHOWN = 300
_MOST_REDIRECTS = 10
_LONGEST_RETRY = 3600.0
_SHORTEST_HIDDEN = 6
"""Hiding every `a` because a secret is `a` would ruin the text and tell the secret."""


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask. `secrets` are not shown if the answer repeats them."""

    url: str
    body: bytes
    headers: Sequence[tuple[str, str]] = ()
    method: str = "POST"
    secrets: Sequence[str] = ()

    def hidden(self, text: str) -> str:
        """The text without what nobody should read in a record."""
        parts = urlsplit(self.url)
        credentials = [value for name, value in self.headers if name == "Authorization"]
        path = [*parts.path.split("/"), *parts.query.replace("=", "&").split("&")]
        words = [word for value in credentials for word in value.split()]
        secrets = {self.url, parts.path, parts.password or "", *path, *credentials, *words}
        secrets |= {*self.secrets, *map(unquote, path)}
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST_HIDDEN:
                text = text.replace(secret, "***")
        return mask(text)


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, and the beginning of the body."""

    status: int
    headers: httpx2.Headers
    body: bytes
    shown: str
    """The body's first words in one line, without secrets."""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds for which it wants to be left alone (RFC 9110, 10.2.3), at most an hour."""
        said = self.headers.get("retry-after", "")
        if said.strip().isdigit():
            return min(float(said), _LONGEST_RETRY)
        try:
            until = email.utils.parsedate_to_datetime(said).timestamp()
        except (ValueError, OverflowError):
            return None
        return min(max(until - time.time(), 0.0), _LONGEST_RETRY)

    def refusal(self, place: str, *, temporary: bool | None = None) -> NotSentError:
        """The error that it is; whether it passes its status says where nothing else does."""
        if temporary is None:
            temporary = self.status >= 500 or self.status in (408, 429)
        text = f"{place}: {'says no in its answer ' if self.good else ''}{self}"
        return NotSentError(text, permanent=not temporary, retry_after=self.retry_after)

    def __str__(self) -> str:
        try:
            phrase = f" {HTTPStatus(self.status).phrase}"
        except ValueError:
            phrase = ""
        return f"{self.status}{phrase}" + (f": {self.shown}" if self.shown else "")


@dataclass(frozen=True, slots=True)
class Route:
    """How a server is reached."""

    tls: TlsConfig = field(default_factory=TlsConfig)
    proxy: httpx2.Proxy | None = None
    follow_redirects: bool = True
    http2: bool = True


async def exchange(call: Call, route: Route, place: str, within: float) -> Reply:
    """The answer, whatever its status, within so many seconds.

    Raises NotSentError, which names the place: `uncertain` if the request left as a whole.
    """
    watch = _Watch()
    try:
        async with asyncio.timeout(within):
            return await _answered(call, route, place, watch)
    except TimeoutError:
        late = f"{place}: no answer within {within:g} s"
        raise NotSentError(late, uncertain=watch.sent) from None
    except (httpx2.TransportError, OSError) as error:
        why = call.hidden(explain(error))
        raise NotSentError(f"{place}: {why}", uncertain=watch.sent) from None
    except (ProbeUnknownError, BadInputError, ValueError, httpx2.InvalidURL) as error:
        raise NotSentError(f"{place}: {call.hidden(str(error))}", permanent=True) from None


async def prepared(call: Call, route: Route, place: str, within: float) -> Reply:
    """An exchange that comes before a notice's own, such as for a token: whatever becomes of
    it, the notice has not left. Raises NotSentError."""
    try:
        return await exchange(call, route, place, within)
    except NotSentError as error:
        error.uncertain = False
        raise


class _Watch:
    """Sees how far a request has come."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self, event: str, about: dict[str, Any]) -> None:
        # From here on the receiver may have all of it; what a proxy is asked before does not count.
        if event.endswith("send_request_body.started") and about["request"].method != b"CONNECT":
            self.sent = True


async def _answered(call: Call, route: Route, place: str, watch: _Watch) -> Reply:
    url = check_url(call.url)
    tls = await asyncio.to_thread(route.tls.options, place, urlsplit(url).hostname or "")
    extensions: dict[str, Any] = {"trace": watch}
    if route.tls.server_name:
        extensions["sni_hostname"] = route.tls.server_name
    async with httpx2.AsyncClient(
        verify=tls["ssl"], proxy=route.proxy, http2=route.http2, trust_env=False, timeout=None
    ) as client:
        headers = [("User-Agent", USER_AGENT), ("Accept-Encoding", "identity"), *call.headers]
        request = client.build_request(
            call.method, url, content=call.body, headers=headers, extensions=extensions
        )
        for _ in range(_MOST_REDIRECTS + 1):
            async with AsyncExitStack() as stack:
                answer = await client.send(request, stream=True)
                stack.push_async_callback(answer.aclose)
                following = answer.next_request if route.follow_redirects else None
                if following is None:
                    return await _read(answer, call)
            request = _followed(following, call, place, answer.status_code)
            watch.sent = False
        raise NotSentError(f"{place}: redirects more than {_MOST_REDIRECTS} times", permanent=True)


def _followed(following: httpx2.Request, call: Call, place: str, status: int) -> httpx2.Request:
    """Raises NotSentError where the notice would be left behind: HTTP turns a POST that is
    redirected with 301, 302 or 303 into a GET without a body."""
    if following.method != call.method:
        where = origin(str(following.url))
        raise NotSentError(
            f"{place}: answers {status}, which leaves the notice behind on the way to {where}; "
            "write the address that it redirects to",
            permanent=True,
        )
    return following


async def _read(answer: httpx2.Response, call: Call) -> Reply:
    body = bytearray()
    async for block in answer.aiter_raw():
        body += block
        if len(body) >= _MOST_BODY:
            break
    said = " ".join(body[: 8 * _SHOWN].decode(errors="replace").split())
    shown = call.hidden(said)[:_SHOWN]
    return Reply(answer.status_code, answer.headers, bytes(body[:_MOST_BODY]), shown)
