"""A private supervisord on a Unix socket and a free loopback port, from the package on PyPI."""

import contextlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.requirement import missing
from tests.servers.loopback import free_port
from tests.servers.process import accepts, running


@dataclass(frozen=True)
class Supervisord:
    """A running supervisord. Its HTTP port asks for the user's name and password."""

    socket: Path
    port: int
    user: str = "keeper"
    password: str = "sv-s3cret-pass"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"


@contextlib.contextmanager
def supervisord(directory: Path, programs: Mapping[str, str]) -> Iterator[Supervisord]:
    """Run supervisord with programs that it does not start: name → lines of its section."""
    binary = shutil.which("supervisord", path=Path(sys.executable).parent)
    if binary is None:
        missing("supervisord is not installed; it comes with the development dependencies")
    server = Supervisord(directory / "s", free_port())
    sections = "".join(
        f"[program:{name}]\nautostart=false\nstartsecs=0\nautorestart=false\n"
        f"stdout_logfile=NONE\nstderr_logfile=NONE\n{lines}\n"
        for name, lines in programs.items()
    )
    configuration = directory / "supervisord.conf"
    configuration.write_text(
        f"[unix_http_server]\nfile={server.socket}\n"
        f"[inet_http_server]\nport=127.0.0.1:{server.port}\n"
        f"username={server.user}\npassword={server.password}\n"
        f"[supervisord]\nlogfile={directory}/log\npidfile={directory}/pid\nchildlogdir={directory}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        f"{sections}"
    )
    argv = [str(binary), "--nodaemon", "--configuration", str(configuration)]
    with running(argv, directory, lambda: server.socket.exists() and accepts(server.port)):
        yield server
