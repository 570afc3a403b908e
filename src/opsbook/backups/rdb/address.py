"""How a Redis server is reached, for commands and for a replica's plain conversation."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from opsbook.backups.source import SourceError
from opsbook.core.secrets import hidden
from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.resp import HANDSHAKE_SECONDS, unspoken
from opsbook.probes.tls import Trust

_TIMEOUT_SECONDS = 10.0
_EXAMPLE = "write redis://host:port, or rediss://host:port for TLS"


@dataclass(frozen=True, slots=True)
class Address:
    """Either `host` and `port`, or `path` of a Unix socket."""

    host: str = ""
    port: int = 6379
    path: Path | None = None
    username: str | None = None
    password: str | None = None
    tls: Trust | None = None
    """Speak TLS, and trust these."""

    @classmethod
    def parse(cls, url: str, trust: Trust | None = None) -> "Address":
        """`redis://[user:password@]host:port`; `rediss:` speaks TLS with those whom `trust`
        names. Raises SourceError without repeating it."""
        try:
            parts = urlsplit(url)
            port = parts.port or 6379
        except ValueError:
            raise SourceError(f"not the address of a Redis server; {_EXAMPLE}") from None
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise SourceError(f"not the address of a Redis server; {_EXAMPLE}")
        password = hidden(unquote(parts.password)) if parts.password else None
        username = unquote(parts.username) if parts.username else None
        tls = (trust or Trust()) if parts.scheme == "rediss" else None
        return cls(parts.hostname, port, username=username, password=password, tls=tls)

    @property
    def subject(self) -> str:
        return str(self.path) if self.path else f"{self.host}:{self.port}"

    @contextmanager
    def connected(self, timeout: float) -> Iterator[socket.socket]:
        """A connection that then waits for so many seconds at a time.

        Raises OSError, and SourceError where TLS comes to nothing.
        """
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(self._reach())
            if self.tls is not None:
                connection = stack.enter_context(self._secured(connection, self.tls))
            connection.settimeout(timeout)
            yield connection

    def _secured(self, connection: socket.socket, trust: Trust) -> socket.socket:
        try:
            options = trust.options(self.subject, self.host)
        except ProbeUnknownError as error:
            raise SourceError(str(error)) from None
        connection.settimeout(HANDSHAKE_SECONDS)
        name = options["server_hostname"]
        try:
            secured: socket.socket = options["ssl"].wrap_socket(connection, server_hostname=name)
        except OSError as error:
            raise SourceError(f"{self.subject}: {unspoken(error)}") from None
        return secured

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
