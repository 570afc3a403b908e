"""`api-gateway-grpc`: gRPC over HTTP/2 without TLS, for programs on the same host."""

import asyncio
import time
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from opsbook.platforms.helixflow.grpc import (
    HEALTH,
    INTERNAL,
    METRICS,
    NOT_FOUND,
    OK,
    RESOURCE_EXHAUSTED,
    SERVING,
    UNIMPLEMENTED,
    BadMessageError,
    framed,
    read_text_field,
    text_field,
    unframed,
)
from opsbook.platforms.helixflow.metrics import exposition
from opsbook.platforms.helixflow.process import HOST, Process, run

_LARGEST_MESSAGE = 16 * 1024
_SERVICES = ("", "grpc.health.v1.Health", "helixflow.v1.Metrics")


class _StatusError(Exception):
    """A call that ends with a status other than OK."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Call:
    """One request on its stream."""

    def __init__(self, headers: dict[bytes, bytes]) -> None:
        self.path = headers.get(b":path", b"").decode("latin-1")
        self.is_grpc = headers.get(b"content-type", b"").startswith(b"application/grpc")
        self.body = bytearray()
        self.task: asyncio.Task[None] | None = None


class Connection(asyncio.Protocol):
    """One client: HTTP/2 with prior knowledge, each call answered in its own task."""

    def __init__(self, process: Process, connections: "set[Connection]") -> None:
        self._process = process
        self._connections = connections
        """All that are open, this one among them."""
        self._h2 = H2Connection(H2Configuration(client_side=False))
        self._calls: dict[int, _Call] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except ProtocolError:
            # h2 has queued the GOAWAY frame that tells why.
            self._flush()
            self._close()
            return
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        for stream in list(self._calls):
            self._forget(stream)

    def end(self) -> None:
        """Say goodbye and close; called when the process ends."""
        if self._transport is not None and not self._transport.is_closing():
            self._h2.close_connection()
            self._flush()
            self._close()

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._calls[event.stream_id] = _Call(dict(event.headers))
        elif isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            call = self._calls.get(event.stream_id)
            if call is not None and len(call.body) <= _LARGEST_MESSAGE:
                call.body += event.data
        elif isinstance(event, StreamEnded) and event.stream_id in self._calls:
            call = self._calls[event.stream_id]
            call.task = asyncio.create_task(self._serve(event.stream_id, call))
        elif isinstance(event, StreamReset):
            self._forget(event.stream_id)
        elif isinstance(event, ConnectionTerminated):
            self._close()

    async def _serve(self, stream: int, call: _Call) -> None:
        began = time.perf_counter()
        try:
            message, status, why = await self._answer(call), OK, ""
        except _StatusError as error:
            message, status, why = b"", error.status, str(error)
        try:
            self._send(stream, call, message, status, why)
        except ProtocolError as error:
            self._process.log.warning("answer not sent", path=call.path[:200], reason=error)
        self._calls.pop(stream, None)
        self._process.metrics.count(status, time.perf_counter() - began)
        if status == INTERNAL:
            self._process.log.error("call failed", path=call.path[:200], status=status, reason=why)

    async def _answer(self, call: _Call) -> bytes:
        assert self._transport is not None
        if await self._process.control.suffer(self._transport.is_closing):
            raise _StatusError(INTERNAL, "internal error")
        if call.path not in (HEALTH, METRICS):
            raise _StatusError(UNIMPLEMENTED, "unknown method")
        if len(call.body) > _LARGEST_MESSAGE:
            raise _StatusError(RESOURCE_EXHAUSTED, f"more than {_LARGEST_MESSAGE} bytes")
        try:
            text = read_text_field(unframed(bytes(call.body)))
        except BadMessageError as error:
            raise _StatusError(INTERNAL, str(error)) from None
        if call.path == METRICS:
            return text_field(exposition(self._process.metrics.samples()))
        if text not in _SERVICES:
            raise _StatusError(NOT_FOUND, "unknown service")
        return SERVING

    def _send(self, stream: int, call: _Call, message: bytes, status: int, why: str) -> None:
        if not call.is_grpc:
            self._h2.send_headers(stream, [(":status", "415")], end_stream=True)
        elif status == OK:
            head = [(":status", "200"), ("content-type", "application/grpc")]
            self._h2.send_headers(stream, head)
            self._h2.send_data(stream, framed(message))
            self._h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        else:
            trailers_only = [
                (":status", "200"),
                ("content-type", "application/grpc"),
                ("grpc-status", str(status)),
                ("grpc-message", why),
            ]
            self._h2.send_headers(stream, trailers_only, end_stream=True)
        self._flush()

    def _forget(self, stream: int) -> None:
        call = self._calls.pop(stream, None)
        if call is not None and call.task is not None:
            call.task.cancel()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(self._h2.data_to_send())

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Door:
    """The gateway's port and those who came through it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self._process, self._connections),
                HOST,
                self._process.ports.grpc,
            )

    async def shut(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for connection in list(self._connections):
            connection.end()


async def start(process: Process) -> None:
    door = _Door(process)
    await door.open()
    process.control.doors.append(door)
    process.at_end.push_async_callback(door.shut)


def main(home: Path) -> None:
    run("api-gateway-grpc", home, start)
