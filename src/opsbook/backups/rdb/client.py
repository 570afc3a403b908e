"""Commands and replies of Redis, RESP2.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from opsbook.backups.rdb.address import Address
from opsbook.backups.source import SourceError
from opsbook.core.secrets import mask

Word = str | bytes | int

_TIMEOUT_SECONDS = 30.0
_LONGEST_LINE = 65_536


class Client:
    """One connection, used by one thread. Raises SourceError for what the server refuses."""

    def __init__(self, address: Address, stream: Any, replies: BinaryIO) -> None:
        self._address = address
        self._stream = stream
        self._replies = replies

    def ask(self, *words: Word) -> Any:
        """One command's reply: bytes, a number, a list or None."""
        return self.ask_all([words])[0]

    def ask_all(self, commands: Iterable[tuple[Word, ...]]) -> list[Any]:
        """Several commands in one turn, and their replies."""
        listed = list(commands)
        names = [str(words[0]) for words in listed]
        self._stream.sendall(b"".join(map(_command, listed)))
        replies = [self._reply() for _ in names]
        for name, reply in zip(names, replies, strict=True):
            if isinstance(reply, _Refusal):
                raise self._failed(f"{name} was answered: {reply}")
        return replies

    def info(self, section: str) -> dict[str, str]:
        text = self.ask("INFO", section).decode(errors="replace")
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def key_counts(self) -> dict[str, int]:
        """Keys of each database that has any: `db0`."""
        told = self.info("keyspace")
        return {db: int(line.partition("keys=")[2].partition(",")[0]) for db, line in told.items()}

    def knows(self, command: str) -> bool:
        return self.ask("COMMAND", "INFO", command) not in ([], [None])

    def _reply(self) -> Any:
        line = self._replies.readline(_LONGEST_LINE)
        if not line.endswith(b"\r\n"):
            raise self._failed("closed the connection before it had answered")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return _Refusal(rest.decode(errors="replace"))
        if kind not in b":$*" or not rest.removeprefix(b"-").isdigit():
            raise self._failed(f"answered {line[:100]!r}: this is no Redis server")
        number = int(rest)
        if kind == b":":
            return number
        if number < 0:
            return None
        return self._bulk(number) if kind == b"$" else [self._reply() for _ in range(number)]

    def _bulk(self, length: int) -> bytes:
        content = self._replies.read(length + 2)
        if len(content) != length + 2:
            raise self._failed("closed the connection in the middle of an answer")
        return content[:-2]

    def _failed(self, why: str) -> SourceError:
        return SourceError(mask(f"{self._address.subject}: {why}"))


class _Refusal(str):
    """An error's words, among other replies."""

    __slots__ = ()


@contextmanager
def client(address: Address, db: int = 0) -> Iterator[Client]:
    """Logged in to one database. Raises SourceError."""
    try:
        with address.connected(_TIMEOUT_SECONDS) as stream, stream.makefile("rb") as replies:
            connection = Client(address, stream, replies)
            if address.password is not None:
                user = [address.username] if address.username else []
                connection.ask("AUTH", *user, address.password)
            if db:
                connection.ask("SELECT", db)
            yield connection
    except OSError as error:
        why = error.strerror or str(error)
        raise SourceError(f"{address.subject}: {why}") from None


def _command(words: tuple[Word, ...]) -> bytes:
    each = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in each]
    return b"*%d\r\n%b" % (len(parts), b"".join(parts))
