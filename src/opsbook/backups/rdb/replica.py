"""A snapshot as a replica gets it: nothing is written on the server, and no memory is kept.

https://redis.io/docs/latest/operate/oss_and_stack/management/replication/. PSYNC is answered
with `+FULLRESYNC`, then, once the server has its snapshot, with `$LENGTH` and so many bytes,
or with `$EOF:MARK` and bytes until the mark comes again.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from opsbook.backups.rdb.address import Address
from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import BLOCK, go_on
from opsbook.core.secrets import mask
from opsbook.probes.resp import command, unspoken

_LONGEST_LINE = 4096
_LOOK_SECONDS = 0.2
_MARK = 40
"""Bytes of the mark after a snapshot whose length the server did not know beforehand."""


@dataclass(slots=True)
class Replica:
    """One conversation."""

    address: Address
    work: Work
    _waiting: bytes = b""

    def snapshot(self) -> Iterator[bytes]:
        """Raises SourceError where it does not come whole."""
        try:
            with self.address.connected(_LOOK_SECONDS) as connection:
                self._introduce(connection)
                yield from self._snapshot(connection)
        except OSError as error:
            raise self._failed(unspoken(error)) from None

    def _introduce(self, connection: socket.socket) -> None:
        if self.address.password is not None:
            user = [self.address.username] if self.address.username else []
            self._ask(connection, "AUTH", *user, self.address.password)
        self._ask(connection, "PING")
        self._ask(connection, "REPLCONF", "capa", "eof", "capa", "psync2")
        # Before Redis 7 it is refused, and changes follow the snapshot; they are not read.
        self._ask(connection, "REPLCONF", "rdb-only", "1", may_fail=True)
        self._ask(connection, "PSYNC", "?", "-1")

    def _snapshot(self, connection: socket.socket) -> Iterator[bytes]:
        announced = self._line(connection)
        while not announced:
            # A server that is not ready yet sends line ends to show that it lives.
            announced = self._line(connection)
        if announced.startswith(b"$EOF:"):
            yield from self._until(connection, announced[5 : 5 + _MARK])
        elif announced.startswith(b"$") and announced[1:].isdigit():
            yield from self._exactly(connection, int(announced[1:]))
        else:
            raise self._failed(f"gave no snapshot: {announced[:200]!r}")

    def _exactly(self, connection: socket.socket, length: int) -> Iterator[bytes]:
        while length > 0:
            block = self._block(connection)
            yield block[:length]
            length -= len(block)

    def _until(self, connection: socket.socket, mark: bytes) -> Iterator[bytes]:
        """The mark may lie across two blocks, and nothing follows it before we answer."""
        held = b""
        while not held.endswith(mark):
            held += self._block(connection)
            yield held[:-_MARK]
            held = held[-_MARK:]

    def _ask(self, connection: socket.socket, *words: str, may_fail: bool = False) -> None:
        connection.sendall(command(words))
        answer = self._line(connection)
        while not answer:
            answer = self._line(connection)
        if not answer.startswith(b"+") and not may_fail:
            said = answer.decode(errors="replace").removeprefix("-")
            raise self._failed(f"{words[0]} was answered: {said}")

    def _line(self, connection: socket.socket) -> bytes:
        while b"\n" not in self._waiting:
            if len(self._waiting) > _LONGEST_LINE:
                raise self._failed("sent a line without an end: this is no Redis server")
            self._waiting += self._receive(connection)
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line.rstrip(b"\r")

    def _block(self, connection: socket.socket) -> bytes:
        block, self._waiting = self._waiting or self._receive(connection), b""
        return block

    def _receive(self, connection: socket.socket) -> bytes:
        while True:
            go_on(self.work, self.address.subject)
            try:
                block = connection.recv(BLOCK)
            except TimeoutError:
                continue
            if not block:
                raise self._failed("closed the connection before the snapshot was whole")
            return block

    def _failed(self, why: str) -> SourceError:
        return SourceError(mask(f"{self.address.subject}: {why}"))
