"""RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/), with bounded replies.

`reply` knows no connection: it says what it wants next, so that those who wait and those who
block in a thread read by the same rules.
"""

import asyncio
import ssl
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from opsbook.probes.explain import explain

Word = str | bytes | int

LONGEST_LINE = 65_536
HANDSHAKE_SECONDS = 5.0
"""A Redis that speaks no TLS waits for the end of what it takes for a command."""
_ALERT = b"\x15\x03"
"""How a record of TLS begins that refuses what it was sent (RFC 8446, 5.1 and 6)."""


class ReplyError(Exception):
    """The server refused a command, in its own words."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a reply may be."""

    text: int = 1024 * 1024
    """Bytes of one string; a full INFO has some ten thousand."""
    items: int = 100_000
    """Of one list."""
    deep: int = 4
    """Lists in lists."""


def command(words: Iterable[Word]) -> bytes:
    """As it is sent."""
    each = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in each]
    return b"*%d\r\n%b" % (len(parts), b"".join(parts))


def reply(bounds: Bounds) -> Generator[int | None, bytes, Any]:
    """One reply: text, bytes, a number, a list, None, or the ReplyError that it is.

    Wants None for a line with its end, which is cut short where the connection has ended, and a
    number for so many bytes. Raises ValueError for what is no reply, and EOFError.
    """
    line = yield None
    if line.startswith(_ALERT):
        raise ValueError("it speaks TLS on this port: give `tls`")
    if len(line) >= LONGEST_LINE:
        raise ValueError("a line without an end: this is no Redis server")
    if not line.endswith(b"\r\n"):
        raise EOFError
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode(errors="replace")
    if kind == b"-":
        return ReplyError(rest.decode(errors="replace"))
    if kind not in (b":", b"$", b"*") or not rest.removeprefix(b"-").isdigit():
        raise ValueError(f"answered {line[:100]!r}: this is no Redis server")
    number = int(rest)
    if kind == b":":
        return number
    if number == -1:
        return None
    most = bounds.text if kind == b"$" else bounds.items if bounds.deep else -1
    if not 0 <= number <= most:
        raise ValueError(f"a reply that is too long or too deep: {line[:100]!r}")
    if kind == b"$":
        return (yield number + 2)[:-2]
    inner = Bounds(bounds.text, bounds.items, bounds.deep - 1)
    found = []
    for _ in range(number):
        found.append((yield from reply(inner)))  # noqa: PERF401 - `yield from` is no comprehension
    return found


def unspoken(error: BaseException) -> str:
    """Why there was no talk, with what to look at where one side speaks TLS and one does not."""
    if isinstance(error, ssl.SSLCertVerificationError) or not isinstance(error, _SPEECHLESS):
        return explain(error)
    if isinstance(error, ssl.SSLEOFError):
        return f"{explain(error)}; does it speak no TLS on this port, or want a certificate?"
    return f"{explain(error)}; do both speak TLS on this port, or neither?"


_SPEECHLESS = (ssl.SSLError, ConnectionAbortedError, ConnectionResetError, TimeoutError)
"""A handshake that takes too long is aborted or timed out; a server that speaks TLS resets a
connection on which nobody else does."""


class Resp:
    """Commands and replies on one connection of asyncio; keys are the bytes that they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The reader's limit is LONGEST_LINE."""
        self._reader, self._writer = reader, writer

    async def ask(self, *words: Word) -> Any:
        """The reply. Raises ReplyError where it is a refusal, ValueError, EOFError, OSError."""
        (answer,) = await self.ask_all([words])
        if isinstance(answer, ReplyError):
            raise answer
        return answer

    async def ask_all(self, commands: Sequence[Sequence[Word]]) -> list[Any]:
        """The replies to commands that are sent together; a refusal is one of them."""
        for words in commands:
            self._writer.write(command(words))
        await self._writer.drain()
        return [await self._reply() for _ in commands]

    async def _reply(self) -> Any:
        reading = reply(Bounds())
        wanted = next(reading)
        while True:
            given = await (self._line() if wanted is None else self._reader.readexactly(wanted))
            try:
                wanted = reading.send(given)
            except StopIteration as end:
                return end.value

    async def _line(self) -> bytes:
        try:
            return await self._reader.readuntil(b"\r\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
        except asyncio.LimitOverrunError:
            raise ValueError("a line without an end: this is no Redis server") from None
