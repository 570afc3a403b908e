"""Commands and replies of Redis over a connection that blocks."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from opsbook.backups.rdb.address import Address
from opsbook.backups.source import SourceError
from opsbook.core.secrets import mask
from opsbook.probes.resp import LONGEST_LINE, Bounds, ReplyError, Word, command, reply, unspoken

_TIMEOUT_SECONDS = 30.0
_BOUNDS = Bounds(text=512 * 1024 * 1024, items=1 << 24, deep=32)
"""As long as a value may be (proto-max-bulk-len), for values are carried here."""


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
        self._stream.sendall(b"".join(map(command, listed)))
        replies = [self._reply() for _ in names]
        for name, answer in zip(names, replies, strict=True):
            if isinstance(answer, ReplyError):
                raise self._failed(f"{name} was answered: {answer}")
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
        reading = reply(_BOUNDS)
        wanted = next(reading)
        while True:
            given = self._replies.readline(LONGEST_LINE) if wanted is None else self._read(wanted)
            try:
                wanted = reading.send(given)
            except StopIteration as end:
                return end.value
            except ValueError as error:
                raise self._failed(str(error)) from None
            except EOFError:
                raise self._failed("closed the connection before it had answered") from None

    def _read(self, length: int) -> bytes:
        content = self._replies.read(length)
        if len(content) != length:
            raise self._failed("closed the connection in the middle of an answer")
        return content

    def _failed(self, why: str) -> SourceError:
        return SourceError(mask(f"{self._address.subject}: {why}"))


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
        raise SourceError(f"{address.subject}: {unspoken(error)}") from None
