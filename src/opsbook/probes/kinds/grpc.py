"""`grpc`: a gRPC server says about itself that it is serving.

The gRPC health checking protocol (grpc.health.v1) over HTTP/2 (RFC 9113); its two messages
have one field each, so they are written and read by hand.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, ClassVar, cast
from urllib.parse import unquote

import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from pydantic import Field

from opsbook.core.units import format_size
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.tls import Trust
from opsbook.probes.user_agent import USER_AGENT

_MOST_BYTES = 64 * 1024
"""An answer takes about a hundred; many empty frames would hold up the event loop."""
_SETTINGS = b"\x04"
"""The type of the frame that a server has to begin with."""
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)


class Grpc(Probe):
    """Asks a gRPC server for its health, or for that of one of its services."""

    host: str
    """Host name or address."""
    port: int = Field(ge=1, le=65_535)
    service: str = Field(default="", max_length=1000)
    """The service to ask about; empty for the server as a whole."""
    tls: Trust | None = None
    """How to speak TLS; without it the connection is in plain text."""

    measures: ClassVar[Mapping[str, str]] = {
        "status": "SERVING, NOT_SERVING, UNKNOWN or SERVICE_UNKNOWN",
        "latency_seconds": "time until the whole answer was there, connection included",
        "grpc_status": "how the call itself ended: OK or the name of a gRPC code",
    }
    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {"status": {"equals": "SERVING"}}

    @property
    def subject(self) -> str:
        return f"{self.host}:{self.port}" + (f" {self.service}" if self.service else "")

    async def look(self) -> Measurements:
        started = time.perf_counter()
        call = await self._call()
        measured: Measurements = {"latency_seconds": time.perf_counter() - started}
        http = call.fields.get(b":status", b"").decode("latin-1")
        code = call.fields.get(b"grpc-status", b"").decode("latin-1")
        if not code.isdecimal():
            why = f"{self.subject} answered HTTP status {http} without a gRPC status"
            raise ProbeFailedError(why, measured)
        measured["grpc_status"] = _CODES[int(code)] if int(code) < len(_CODES) else code
        if int(code) != 0:
            said = unquote(call.fields.get(b"grpc-message", b"").decode("latin-1"))
            why = f"{self.subject}: {measured['grpc_status']}" + (f": {said}" if said else "")
            raise ProbeFailedError(why, measured)
        status = _status(bytes(call.body))
        if status is not None and status < len(_STATUSES):
            measured["status"] = _STATUSES[status]
        return measured

    async def _call(self) -> "_Call":
        loop = asyncio.get_running_loop()
        authority = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if self.tls is not None else "http"
        call = _Call(loop, scheme, f"{authority}:{self.port}", _request(self.service))
        secure = self.tls.options(self.subject, self.host, "h2") if self.tls else {}
        try:
            await loop.create_connection(lambda: call, self.host, self.port, **secure)
            await call.done
        except (OSError, _BadAnswerError) as error:
            raise ProbeFailedError(f"{self.subject}: {explain(error)}") from None
        finally:
            call.abort()
        return call


class _BadAnswerError(Exception):
    """The server's bytes are no answer to a gRPC call."""


class _Call(asyncio.Protocol):
    """One call on one HTTP/2 connection."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, scheme: str, authority: str, message: bytes
    ) -> None:
        self.fields: dict[bytes, bytes] = {}
        """Headers and trailers."""
        self.body = bytearray()
        self.done: asyncio.Future[None] = loop.create_future()
        self._scheme = scheme
        self._authority = authority
        self._message = message
        self._received = 0
        self._transport: asyncio.Transport | None = None
        self._http2 = h2.connection.H2Connection()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        if not self.done.cancel() and not self.done.cancelled():
            self.done.exception()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        session = transport.get_extra_info("ssl_object")
        if session is not None and session.selected_alpn_protocol() != "h2":
            self._fail("the server does not offer HTTP/2 over TLS (ALPN)")
            return
        headers = {
            ":method": "POST",
            ":scheme": self._scheme,
            ":path": "/grpc.health.v1.Health/Check",
            ":authority": self._authority,
            "te": "trailers",
            "content-type": "application/grpc",
            "user-agent": USER_AGENT,
        }
        self._http2.initiate_connection()
        self._http2.send_headers(1, list(headers.items()))
        self._http2.send_data(1, self._message, end_stream=True)
        self._transport.write(self._http2.data_to_send())

    def data_received(self, data: bytes) -> None:
        if self.done.done() or self._transport is None:
            return
        # The library would wait for the whole of what is no frame (RFC 9113, 3.4).
        if not self._received and data[3:4] not in (b"", _SETTINGS):
            self._fail("the answer is not HTTP/2: it does not begin with settings")
            return
        self._received += len(data)
        if self._received > _MOST_BYTES:
            self._fail(f"the answer is larger than {format_size(_MOST_BYTES)}")
            return
        try:
            for event in self._http2.receive_data(data):
                self._take(event)
        except h2.exceptions.ProtocolError as error:
            self._fail(f"the answer is not HTTP/2: {error}")
            return
        self._transport.write(self._http2.data_to_send())

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(explain(error or EOFError()))

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                self.fields |= dict(event.headers or ())
            case h2.events.DataReceived():
                self.body += event.data or b""
            case h2.events.StreamEnded():
                if not self.done.done():
                    self.done.set_result(None)
            case h2.events.StreamReset():
                self._fail(f"the call was reset: {_name(event.error_code)}")
            case h2.events.ConnectionTerminated() if not self._still_answers(event):
                self._fail(f"the server ended the connection: {_name(event.error_code)}")

    def _still_answers(self, event: h2.events.ConnectionTerminated) -> bool:
        """A server that shuts down gracefully still answers the calls that it names."""
        return not event.error_code and (event.last_stream_id or 0) >= 1

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(_BadAnswerError(reason))


def _name(code: Any) -> str:
    return code.name if isinstance(code, h2.errors.ErrorCodes) else str(code)


def _request(service: str) -> bytes:
    """HealthCheckRequest, field 1: the service; a five byte frame header before it."""
    name = service.encode()
    message = b"\x0a" + _encoded(len(name)) + name if name else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _encoded(number: int) -> bytes:
    """A number as a protobuf varint."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _encoded(rest) if rest else bytes([low])


def _status(body: bytes) -> int | None:
    """HealthCheckResponse, field 1: the status, 0 where it is left out; None if unreadable."""
    message = body[5:]
    if len(body) < 5 or body[0] != 0 or int.from_bytes(body[1:5], "big") != len(message):
        return None
    status, position = 0, 0
    try:
        while position < len(message):
            tag, position = _decoded(message, position)
            if tag & 7 == 0:
                value, position = _decoded(message, position)
                status = value if tag >> 3 == 1 else status
            elif tag & 7 == 2:
                length, position = _decoded(message, position)
                position += length
            else:
                return None
    except IndexError:
        return None
    return status if position == len(message) else None


def _decoded(message: bytes, position: int) -> tuple[int, int]:
    """A protobuf varint and the position after it. Raises IndexError if it does not end."""
    number = 0
    for shift in range(0, 70, 7):
        byte, position = message[position], position + 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
    raise IndexError("a varint has at most ten bytes")
