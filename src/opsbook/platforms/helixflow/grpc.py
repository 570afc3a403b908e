"""gRPC over HTTP/2 for the services, by hand: frames, protobuf fields, health, one client.

Specifications: gRPC over HTTP/2 (PROTOCOL-HTTP2.md), gRPC health checking, protobuf encoding.
"""

import asyncio
import struct

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, TrailersReceived
from h2.exceptions import ProtocolError

from opsbook.platforms.helixflow.http_client import NoAnswerError
from opsbook.platforms.helixflow.process import HOST

OK, NOT_FOUND, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 5, 8, 12, 13
"""Status codes of gRPC that are used here."""

HEALTH = "/grpc.health.v1.Health/Check"
METRICS = "/helixflow.v1.Metrics/Text"
"""HelixFlow's own method: no parameters, the metrics text in field 1."""

SERVING = b"\x08\x01"
"""HealthCheckResponse with status SERVING: field 1, varint 1."""


class BadMessageError(ValueError):
    """Bytes that are no gRPC frame or no protobuf message."""


def framed(message: bytes) -> bytes:
    """A message with its prefix: not compressed, four bytes of length."""
    return struct.pack(">BI", 0, len(message)) + message


def unframed(data: bytes) -> bytes:
    """The one message in `data`. Raises BadMessageError."""
    if len(data) < 5 or data[0] != 0 or struct.unpack(">I", data[1:5])[0] != len(data) - 5:
        raise BadMessageError("not one uncompressed gRPC message")
    return data[5:]


def text_field(text: str) -> bytes:
    """A message with this text in field 1."""
    content = text.encode()
    return b"\x0a" + _varint(len(content)) + content


def read_text_field(message: bytes) -> str:
    """The text in field 1, empty if it is not there. Raises BadMessageError."""
    if not message:
        return ""
    if message[0] != 0x0A:
        raise BadMessageError("field 1 is no text")
    size, start = _read_varint(message, 1)
    content = message[start : start + size]
    if len(content) != size:
        raise BadMessageError("the message ends within field 1")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadMessageError("field 1 is not UTF-8") from None


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends."""
    number = 0
    for index, byte in enumerate(data[at : at + 10]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number, at + index + 1
    raise BadMessageError("a number without end")


async def call(port: int, path: str, message: bytes = b"", within: float = 2.0) -> bytes:
    """One unary call on a new connection. Raises NoAnswerError, also for a status but OK."""
    try:
        async with asyncio.timeout(within):
            return unframed(await _call(port, path, message))
    except TimeoutError:
        raise NoAnswerError(f"no answer from port {port} within {within:g} s") from None
    except (OSError, ValueError, ProtocolError) as error:
        raise NoAnswerError(f"port {port}: {error}") from None


async def _call(port: int, path: str, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    connection = H2Connection(H2Configuration())
    try:
        connection.initiate_connection()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", f"localhost:{port}"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        connection.send_headers(1, headers)
        connection.send_data(1, framed(message), end_stream=True)
        answer = _Answer()
        while not answer.ended:
            writer.write(connection.data_to_send())
            data = await reader.read(65_536)
            if not data:
                raise OSError("the connection closed before the answer was complete")
            for event in connection.receive_data(data):
                answer.take(event, connection)
        if answer.status != "0":
            raise OSError(f"gRPC status {answer.status or 'missing'}")
        return answer.data
    finally:
        writer.transport.abort()


class _Answer:
    def __init__(self) -> None:
        self.data = b""
        self.status = ""
        self.ended = False

    def take(self, event: Event, connection: H2Connection) -> None:
        if isinstance(event, DataReceived):
            self.data += event.data
            connection.acknowledge_received_data(event.flow_controlled_length, 1)
        elif isinstance(event, ResponseReceived | TrailersReceived):
            found = dict(event.headers).get(b"grpc-status")
            self.status = found.decode("latin-1") if found else self.status
        elif isinstance(event, StreamEnded):
            self.ended = True
