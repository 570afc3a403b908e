"""A private RabbitMQ node, with its own Erlang port mapper, on free loopback ports."""

import contextlib
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.requirement import missing, needs_program
from tests.servers.loopback import free_port
from tests.servers.process import accepts, running

_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The script itself: Debian's wrapper in the PATH insists on the system's own account."""


@dataclass(frozen=True)
class RabbitMq:
    """A running node; the user owns the vhost `/`."""

    port: int
    management_port: int
    host: str = "127.0.0.1"
    user: str = "guest"
    password: str = "guest"

    @property
    def management(self) -> str:
        """The address of the management API."""
        return f"http://{self.host}:{self.management_port}"


@contextlib.contextmanager
def rabbitmq(directory: Path, *configuration: str) -> Iterator[RabbitMq]:
    """Start a node with the management API; it takes about five seconds.

    `configuration` holds more lines of rabbitmq.conf.
    """
    if not _SERVER.exists():
        missing(f"{_SERVER} is not installed; apt-get install rabbitmq-server")
    server = RabbitMq(free_port(), free_port())
    mapper = free_port()
    epmd = [needs_program("epmd", "erlang-base"), "-port", str(mapper), "-address", "127.0.0.1"]
    environment = _environment(server, directory, mapper)
    _configure(server, directory, configuration)

    def ready() -> bool:
        return accepts(server.port) and accepts(server.management_port)

    # A throwaway node need not shut down in order: SIGKILL saves two seconds.
    with (
        running(epmd, directory, lambda: accepts(mapper)),
        running([str(_SERVER)], directory, ready, stop=signal.SIGKILL, environment=environment),
    ):
        yield server


def _configure(server: RabbitMq, directory: Path, more: Sequence[str]) -> None:
    lines = [
        f"listeners.tcp.1 = {server.host}:{server.port}",
        f"management.tcp.ip = {server.host}",
        f"management.tcp.port = {server.management_port}",
        # The API tells of a queue when it has sampled it, every 5 seconds unless told.
        "management.sample_retention_policies.global.minute = 1",
        "management.sample_retention_policies.basic.minute = 1",
        "management.sample_retention_policies.detailed.10 = 1",
        *more,
    ]
    (directory / "rabbitmq.conf").write_text("".join(f"{line}\n" for line in lines))
    (directory / "plugins").write_text("[rabbitmq_management].\n")


def _environment(server: RabbitMq, directory: Path, mapper: int) -> dict[str, str]:
    return {
        "HOME": str(directory),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"opsbook-{server.port}@localhost",
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
