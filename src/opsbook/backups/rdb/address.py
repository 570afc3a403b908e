"""How a Redis server is reached, for commands and for a replica's plain conversation."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from opsbook.backups.source import SourceError
from opsbook.core.secrets import hidden

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Address:
    """Either `host` and `port`, or `path` of a Unix socket."""

    host: str = ""
    port: int = 6379
    path: Path | None = None
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, url: str) -> "Address":
        """`redis://[user:password@]host:port`. Raises SourceError without repeating it."""
        try:
            parts = urlsplit(url)
            port = parts.port or 6379
        except ValueError:
            raise SourceError(
                "not the address of a Redis server; write redis://host:port"
            ) from None
        if parts.scheme != "redis" or not parts.hostname:
            raise SourceError("not the address of a Redis server; write redis://host:port")
        password = hidden(unquote(parts.password)) if parts.password else None
        username = unquote(parts.username) if parts.username else None
        return cls(parts.hostname, port, username=username, password=password)

    @property
    def subject(self) -> str:
        return str(self.path) if self.path else f"{self.host}:{self.port}"

    @contextmanager
    def connected(self, timeout: float) -> Iterator[socket.socket]:
        """A connection that then waits for so many seconds at a time. Raises OSError."""
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(self._reach())
            if self.tls is not None:
                secure = self.tls.wrap_socket(connection, server_hostname=self.host)
                connection = stack.enter_context(secure)
            connection.settimeout(timeout)
            yield connection

    def _reach(self) -> socket.socket:
        if self.path is None:
            return socket.create_connection((self.host, self.port), _TIMEOUT_SECONDS)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(str(self.path))
        except OSError:
            connection.close()
            raise
        return connection
