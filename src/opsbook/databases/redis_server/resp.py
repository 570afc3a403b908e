"""RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/), with bounded replies."""

import asyncio
from collections.abc import Sequence
from typing import Any

_LARGEST_TEXT = 1024 * 1024
"""Bytes of one string; a full INFO has some ten thousand."""
_LONGEST_LIST = 100_000
_DEEPEST = 4


class ReplyError(Exception):
    """The server refused a command, in its own words."""


class Resp:
    """Commands and replies on one connection; keys are the bytes that they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, *command: str | bytes) -> Any:
        """The reply. Raises ReplyError where it is a refusal, ValueError, EOFError, OSError."""
        (reply,) = await self.ask_all([command])
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    async def ask_all(self, commands: Sequence[Sequence[str | bytes]]) -> list[Any]:
        """The replies to commands that are sent together; a refusal is one of them."""
        for command in commands:
            words = [word.encode() if isinstance(word, str) else word for word in command]
            parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
            self._writer.write(b"*%d\r\n%b" % (len(words), b"".join(parts)))
        await self._writer.drain()
        return [await self._reply(_DEEPEST) for _ in commands]

    async def _reply(self, deep: int) -> Any:
        line = await self._line()
        sign, text = line[:1], line[1:].decode(errors="replace")
        if sign == b"+":
            return text
        if sign == b"-":
            return ReplyError(text)
        number = int(text)
        if sign == b":":
            return number
        if sign == b"$":
            return None if number < 0 else await self._text(number)
        if sign != b"*" or number > _LONGEST_LIST or not deep:
            raise ValueError(f"a reply that cannot be read: {line[:50]!r}")
        return [await self._reply(deep - 1) for _ in range(number)]

    async def _text(self, length: int) -> bytes:
        if length > _LARGEST_TEXT:
            raise ValueError(f"a reply of {length} bytes is too long")
        return (await self._reader.readexactly(length + 2))[:-2]

    async def _line(self) -> bytes:
        try:
            return (await self._reader.readuntil(b"\r\n"))[:-2]
        except asyncio.LimitOverrunError:
            raise ValueError("a line without an end: this is no Redis server") from None
