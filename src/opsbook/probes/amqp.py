"""As much of AMQP 0-9-1 as a login takes: connect, authenticate, open a vhost, ask a queue.

Written after the specification (https://www.rabbitmq.com/amqp-0-9-1-reference) and
RabbitMQ's errata to its table types (https://www.rabbitmq.com/amqp-0-9-1-errata).
"""

import asyncio
import struct
from dataclasses import dataclass
from typing import Any

LARGEST_FRAME = 131_072
"""Bytes; what RabbitMQ offers by default, and all that is accepted here."""

_METHOD, _HEARTBEAT, _END = 1, 8, 0xCE
_START, _START_OK, _TUNE, _TUNE_OK = (10, 10), (10, 11), (10, 30), (10, 31)
_OPEN, _OPEN_OK, _CLOSE, _CLOSE_OK = (10, 40), (10, 41), (10, 50), (10, 51)
_CHANNEL_OPEN, _CHANNEL_OPEN_OK, _CHANNEL_CLOSE = (20, 10), (20, 11), (20, 40)
_DECLARE, _DECLARE_OK = (50, 10), (50, 11)
_PASSIVE = 1

_SIZES = {b"V": 0} | dict.fromkeys((b"t", b"b", b"B"), 1) | dict.fromkeys((b"s", b"u"), 2)
_SIZES |= dict.fromkeys((b"I", b"i", b"f"), 4) | {b"D": 5}
_SIZES |= dict.fromkeys((b"l", b"d", b"T"), 8)
"""Bytes of a table's values of fixed size, by type; RabbitMQ's `s` is a short integer."""


class AmqpError(Exception):
    """The server closed with a reason, or does not speak AMQP 0-9-1."""


@dataclass(frozen=True)
class Queue:
    """What a passive declaration tells."""

    messages: int
    """Messages ready to be delivered."""
    consumers: int


class Amqp:
    """A connection to a broker. Each method raises AmqpError, EOFError or OSError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def log_in(self, user: str, password: str, vhost: str) -> dict[str, str]:
        """Authenticate and open a vhost; returns what the server says of itself."""
        self._writer.write(b"AMQP\x00\x00\x09\x01")
        properties = _texts(await self._expect(_START))
        # Without this a refused login is a connection that closes without a word.
        capability = _short("authentication_failure_close") + b"t\x01"
        client = _short("product") + b"S" + _long(b"opsbook")
        client += _short("capabilities") + b"F" + _long(capability)
        response = _long(b"\x00%b\x00%b" % (user.encode(), password.encode()))
        self._send(_START_OK, _long(client) + _short("PLAIN") + response + _short("en_US"))
        _, largest, _ = _unpack(">HIH", await self._expect(_TUNE), 0)
        agreed = min(largest or LARGEST_FRAME, LARGEST_FRAME)
        self._send(_TUNE_OK, struct.pack(">HIH", 1, agreed, 0))
        self._send(_OPEN, _short(vhost) + b"\x00\x00")
        await self._expect(_OPEN_OK)
        return properties

    async def look_at(self, queue: str) -> Queue:
        """The queue's counts, from a declaration that creates nothing."""
        self._send(_CHANNEL_OPEN, b"\x00", channel=1)
        await self._expect(_CHANNEL_OPEN_OK)
        arguments = b"\x00\x00" + _short(queue) + bytes([_PASSIVE]) + _long(b"")
        self._send(_DECLARE, arguments, channel=1)
        answer = await self._expect(_DECLARE_OK)
        (name,) = _unpack(">B", answer, 0)
        return Queue(*_unpack(">II", answer, 1 + name))

    async def close(self) -> None:
        """Take leave, so that the broker logs no lost client."""
        self._send(_CLOSE, struct.pack(">H", 200) + _short("") + bytes(4))
        await self._expect(_CLOSE_OK)

    def _send(self, method: tuple[int, int], arguments: bytes, channel: int = 0) -> None:
        payload = struct.pack(">HH", *method) + arguments
        header = struct.pack(">BHI", _METHOD, channel, len(payload))
        self._writer.write(header + payload + bytes([_END]))

    async def _expect(self, expected: tuple[int, int]) -> bytes:
        """The arguments of the next method, which has to be this one."""
        payload = await self._method()
        method = _unpack(">HH", payload, 0)
        if method in (_CLOSE, _CHANNEL_CLOSE):
            (size,) = _unpack(">B", payload, 6)
            raise AmqpError(_text(payload[7 : 7 + size]))
        if method != expected:
            raise AmqpError(f"method {method} where {expected} has to come")
        return payload[4:]

    async def _method(self) -> bytes:
        kind = _HEARTBEAT
        while kind == _HEARTBEAT:
            kind, _, size = _unpack(">BHI", await self._reader.readexactly(7), 0)
            if kind not in (_METHOD, _HEARTBEAT) or size > LARGEST_FRAME:
                raise AmqpError("the answer is not AMQP 0-9-1")
            frame = await self._reader.readexactly(size + 1)
        if frame[-1] != _END:
            raise AmqpError("a frame without its end")
        return frame[:-1]


def _texts(start: bytes) -> dict[str, str]:
    """The texts in the table of server properties, which follows two octets of version."""
    found: dict[str, str] = {}
    position, end = 6, 6 + _unpack(">I", start, 2)[0]
    while position < end:
        (length,) = _unpack(">B", start, position)
        name = start[position + 1 : position + 1 + length]
        position += 1 + length
        (kind,) = _unpack(">c", start, position)
        position += 1
        if kind in _SIZES:
            position += _SIZES[kind]
            continue
        (size,) = _unpack(">I", start, position)
        position += 4 + size
        if kind == b"S":
            found[_text(name)] = _text(start[position - size : position])
    return found


def _text(octets: bytes) -> str:
    return octets.decode(errors="replace")


def _short(text: str) -> bytes:
    octets = text.encode()
    return bytes([len(octets)]) + octets


def _long(octets: bytes) -> bytes:
    return struct.pack(">I", len(octets)) + octets


def _unpack(layout: str, octets: bytes, position: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(layout, octets, position)
    except struct.error:
        raise AmqpError("a frame that is cut short") from None
