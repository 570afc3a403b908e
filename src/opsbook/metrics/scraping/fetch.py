"""Asks a target for what it exposes, as Prometheus asks."""

import asyncio
import http
import zlib
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.metrics.scraping.connection import (
    Answer,
    BadAnswerError,
    Connection,
    UnansweredError,
    too_large,
)
from opsbook.metrics.scraping.negotiation import accept, content_type
from opsbook.metrics.scraping.target import Target
from opsbook.probes.explain import explain
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.url import http_url
from opsbook.probes.user_agent import USER_AGENT

LARGEST = 64 * 1024 * 1024
"""Bytes of an exposition where body_size_limit is not set: memory is never without bound."""
_MOST_REDIRECTS = 10
_PACKED = 10
"""How many times smaller gzip makes an exposition."""


class FetchError(Exception):
    """Nothing came that could be read; the text says at which URL and why."""


@dataclass(frozen=True, slots=True)
class Page:
    """A target's answer."""

    url: str
    sent: bytes
    """The body as it came."""
    content_type: str
    packed: bool
    largest: int

    @property
    def weight(self) -> int:
        """Bytes that are to be read, roughly."""
        return len(self.sent) * (_PACKED if self.packed else 1)

    def body(self) -> bytes:
        """The body itself, at most `largest` bytes. Blocks; raises FetchError without the URL."""
        if not self.packed:
            return self.sent
        opened, rest = bytearray(), self.sent
        try:
            while rest:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
                opened += member.decompress(rest, self.largest + 1 - len(opened))
                if len(opened) > self.largest:
                    raise FetchError(f"opened, {too_large(self.largest)}")
                if not member.eof:
                    raise FetchError("the compressed answer is cut off")
                rest = member.unused_data
        except zlib.error as error:
            raise FetchError(f"the answer is not gzip: {error}") from None
        return bytes(opened)


class _Origin(NamedTuple):
    """Where a connection leads."""

    scheme: str
    host: str
    port: int


class Fetcher:
    """Asks one target again and again, over one connection as long as that stands."""

    def __init__(self, target: Target) -> None:
        self._target, self._config = target, target.config
        self._largest = self._config.body_size_limit or LARGEST
        self._origin = _origin(target.url)
        self._connection: Connection | None = None
        self._connected_to: _Origin | None = None
        self._head = self._fixed_head()

    async def fetch(self) -> Page:
        """The answer, within the target's timeout. Raises FetchError."""
        url, timeout = self._target.url, self._target.timeout
        try:
            async with asyncio.timeout(timeout):
                return await self._follow()
        except TimeoutError:
            raise FetchError(f"{url}: no whole answer within {format_duration(timeout)}") from None
        finally:
            if self._connection is not None and not self._connection.idle:
                self.close()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _follow(self) -> Page:
        url = self._target.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._ask(url)
            target = answer.headers.get(b"location")
            redirects = answer.status in (301, 302, 303, 307, 308) and target
            if not (redirects and self._config.follow_redirects):
                return self._page(url, answer)
            url = _following(url, target or b"")
        raise FetchError(f"{self._target.url} redirects more than {_MOST_REDIRECTS} times")

    def _page(self, url: str, answer: Answer) -> Page:
        if answer.status != 200:
            phrase = _phrase(answer.status)
            raise FetchError(f"{url} answers with HTTP status {answer.status}{phrase}")
        encoding = answer.headers.get(b"content-encoding", b"identity").lower()
        if encoding not in (b"gzip", b"identity", b""):
            raise FetchError(f"{url} answers in the encoding {encoding.decode('latin-1')}, unasked")
        said = answer.headers.get(b"content-type", b"").decode("latin-1")
        kind = content_type(self._config, said)
        return Page(url, bytes(answer.body), kind, encoding == b"gzip", self._largest)

    async def _ask(self, url: str) -> Answer:
        try:
            request = self._request(url)
            connection = await self._connected(url)
            try:
                return await connection.ask(request)
            except UnansweredError:
                if connection.asked == 1:
                    raise
                # Servers end idle connections when they like: that is no failure (RFC 9112, 9.5).
                self.close()
                return await (await self._connected(url)).ask(request)
        except ProbeUnknownError as error:
            raise FetchError(str(error)) from None
        except BadInputError as error:
            raise FetchError(f"{url}: {error}") from None
        except (OSError, BadAnswerError) as error:
            raise FetchError(f"{url}: {explain(error)}") from None

    async def _connected(self, url: str) -> Connection:
        origin, known = _origin(url), self._connection
        if known is not None and known.usable and origin == self._connected_to:
            return known
        self.close()
        tls = self._config.tls_config
        secure = tls.options(url, origin.host) if origin.scheme == "https" else {}
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._largest), origin.host, origin.port, **secure
        )
        self._connection, self._connected_to = connection, origin
        return connection

    def _request(self, url: str) -> bytes:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        text = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{self._head}"
        # What is meant for one server must not follow a redirect to another.
        credentials = self._config.authorization_header() if _origin(url) == self._origin else None
        if credentials is not None:
            text += f"Authorization: {credentials}\r\n"
        return f"{text}\r\n".encode("latin-1", errors="replace")

    def _fixed_head(self) -> str:
        timeout = f"{self._target.timeout:.6f}".rstrip("0").rstrip(".")
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": accept(self._config),
            "Accept-Encoding": "gzip" if self._config.enable_compression else "identity",
            "X-Prometheus-Scrape-Timeout-Seconds": timeout,
        }
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _origin(url: str) -> _Origin:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return _Origin(parts.scheme, parts.hostname or "", port)


def _following(url: str, target: bytes) -> str:
    following = urljoin(url, target.decode("latin-1"))
    try:
        return http_url(following)
    except ValueError:
        raise FetchError(f"{url} redirects to {following!r}") from None


def _phrase(status: int) -> str:
    try:
        return f" ({http.HTTPStatus(status).phrase})"
    except ValueError:
        return ""
