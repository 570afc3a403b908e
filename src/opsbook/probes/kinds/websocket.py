"""`websocket`: a WebSocket opens (RFC 6455) and a message makes the round trip."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, model_validator
from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.protocol import Event
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from opsbook.book.fields import Size, TextOrSecret, revealed
from opsbook.core.units import format_size
from opsbook.probes.explain import explain
from opsbook.probes.extract import Extraction
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.tls import Trust
from opsbook.probes.url import WebSocketUrl
from opsbook.probes.user_agent import USER_AGENT

_FAREWELL = 0.2
"""Seconds for the server to close its side: without a farewell it logs an error each time."""
_MOST_FRAMES = 10_000
"""Frames that may come before the answer; each costs 10 µs of the event loop."""
_SLICE = 4096
"""Bytes parsed before the frames are counted again: 2,048 frames at most."""


class Websocket(Probe):
    """Opens a WebSocket; then a message and its answer, or a ping, make the round trip."""

    url: WebSocketUrl
    """ws:// or wss://."""
    headers: dict[str, TextOrSecret] = {}
    """Headers to send with the handshake; a value may be a secret reference."""
    tls: Trust = Trust()
    """Whom to trust where the URL is wss://."""
    subprotocol: str | None = Field(default=None, min_length=1)
    """A subprotocol that the server must agree to."""
    send: str | None = None
    """Text to send; the first message that comes is its answer. Without it a ping is sent."""
    largest: Size = 1024 * 1024
    """A larger answer fails."""
    extract: Extraction = Extraction()
    """Values to take out of the answer."""

    measures: ClassVar[Mapping[str, str]] = {
        "handshake_seconds": "time until the WebSocket was open, connection and TLS included",
        "roundtrip_seconds": "time from the message, or the ping, to its answer",
        "answer": "the answer to `send`, at most 500 characters",
    }

    @model_validator(mode="after")
    def _extracts_from_an_answer(self) -> "Websocket":
        if self.send is None and (self.extract.values or self.extract.find):
            raise ValueError("`extract` needs an answer: give `send`")
        return self

    @property
    def subject(self) -> str:
        return self.url

    def measured(self) -> Mapping[str, str]:
        return {**self.measures, **self.extract.extracted()}

    async def look(self) -> Measurements:
        measured: Measurements = {}
        try:
            await self._converse(measured)
        except (OSError, EOFError, WebSocketException) as error:
            raise ProbeFailedError(f"{self.url}: {self._reason(error)}", measured) from None
        return measured

    async def _converse(self, measured: Measurements) -> None:
        started = time.perf_counter()
        connection = await self._connected()
        try:
            headers = {name: revealed(value) for name, value in self.headers.items()}
            await connection.handshake(headers, USER_AGENT)
            opened = time.perf_counter()
            measured["handshake_seconds"] = opened - started
            if connection.subprotocol != self.subprotocol:
                why = f"{self.url} does not agree to subprotocol {self.subprotocol}"
                raise ProbeFailedError(why, measured)
            answer = await self._round_trip(connection)
            measured["roundtrip_seconds"] = time.perf_counter() - opened
            if answer is not None:
                measured["answer"] = answer.decode("utf-8", errors="replace")
                measured |= self.extract.extract(answer)
            await connection.close()
        finally:
            connection.transport.abort()

    async def _connected(self) -> ClientConnection:
        """Below the library's `connect`, which would follow redirects with our headers, ask
        proxies that the environment names, and send pings of its own."""
        uri = parse_uri(self.url)
        secure = self.tls.options(self.url, uri.host) if uri.secure else {}
        wanted = [Subprotocol(self.subprotocol)] if self.subprotocol else None

        def conversation() -> _Conversation:
            protocol = ClientProtocol(uri, subprotocols=wanted, max_size=self.largest)
            return _Conversation(protocol, ping_interval=None, close_timeout=_FAREWELL)

        _, connection = await asyncio.get_running_loop().create_connection(
            conversation, uri.host, uri.port, **secure
        )
        return connection

    async def _round_trip(self, connection: ClientConnection) -> bytes | None:
        if self.send is not None:
            await connection.send(self.send)
            return await connection.recv(decode=False)
        pong = await connection.ping()
        # Messages that nobody takes would stop the reading before the pong is reached.
        reading = asyncio.create_task(_pass_over(connection))
        try:
            await pong
        finally:
            reading.cancel()
        return None

    def _reason(self, error: Exception) -> str:
        if isinstance(error, InvalidStatus):
            return f"HTTP status {error.response.status_code} instead of 101"
        if isinstance(error, ConnectionClosed):
            return self._closing(error)
        return explain(error)

    def _closing(self, error: ConnectionClosed) -> str:
        if error.sent is not None and error.sent.code == CloseCode.MESSAGE_TOO_BIG:
            return f"the answer is larger than {format_size(self.largest)}"
        if error.rcvd is not None:
            return f"closed by the server with {error.rcvd}"
        return f"closed before the answer came: {error}"


class _Conversation(ClientConnection):
    """A connection that cannot be flooded: the library takes any number of empty frames,
    and while it takes them nothing else runs."""

    _frames = 0

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _SLICE):
            super().data_received(data[start : start + _SLICE])
            if self._frames > _MOST_FRAMES:
                why = f"more than {_MOST_FRAMES} frames and no answer"
                self.protocol.fail(CloseCode.POLICY_VIOLATION, why)
                self.transport.abort()
                return

    def process_event(self, event: Event) -> None:
        self._frames += 1
        super().process_event(event)


async def _pass_over(connection: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.recv(decode=False)
