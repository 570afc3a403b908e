"""A private Redis on a free loopback port."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import accepts, running


@dataclass(frozen=True)
class Redis:
    """A running server; it keeps its files in `directory`."""

    port: int
    directory: Path
    password: str | None = None
    host: str = "127.0.0.1"

    @property
    def socket(self) -> Path:
        """Its Unix socket."""
        return self.directory / "socket"

    def send(self, *commands: str) -> str:
        """What the server answers to inline commands, one after the other."""
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            login = [f"AUTH {self.password}"] if self.password else []
            lines = [*login, *commands, "QUIT"]
            connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
            with connection.makefile("rb") as answers:
                return answers.read().decode()


@contextlib.contextmanager
def redis(directory: Path, *options: str, password: str | None = None) -> Iterator[Redis]:
    """Start a server; `options` are those of its command line, such as `--maxmemory 5mb`."""
    server = Redis(free_port(), directory, password)
    argv = [needs_program("redis-server"), "--bind", server.host, "--port", str(server.port)]
    argv += ["--dir", str(directory), "--unixsocket", str(server.socket), "--save", ""]
    argv += ["--requirepass", password] if password else []
    with running([*argv, *options], directory, lambda: accepts(server.port)):
        yield server


def with_tls(port: int, server: Path, ca: Path, *, ask_clients: bool = False) -> list[str]:
    """Options of a server that speaks TLS on one port more, with key and certificate in one file;
    `ask_clients` has it want a certificate of each client."""
    options = ["--tls-port", str(port), "--tls-auth-clients", "yes" if ask_clients else "no"]
    options += ["--tls-cert-file", str(server), "--tls-key-file", str(server)]
    return [*options, "--tls-ca-cert-file", str(ca)]
