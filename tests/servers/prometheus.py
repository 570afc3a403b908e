"""A private Prometheus, and a private VictoriaMetrics, on free loopback ports."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import running


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str

    def ask(self, path: str, parameters: Mapping[str, str]) -> Any:
        """The `data` of what its API answers. Raises HTTPError."""
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def visit(self, path: str) -> bool:
        """Whether it answers with success."""
        try:
            with urlopen(self.url + path, timeout=10):
                return True
        except (URLError, ConnectionError):
            return False


@contextlib.contextmanager
def prometheus(
    directory: Path, config: str, *flags: str, port: int | None = None, ready: bool = True
) -> Iterator[Server]:
    """Start a server with a configuration; its samples lie in the directory.

    Without `ready` nobody waits until it answers, which it may not do for anybody.
    """
    port = port or free_port()
    server = Server(f"http://127.0.0.1:{port}")
    (directory / "prometheus.yml").write_text(config)
    argv = [needs_program("prometheus"), f"--config.file={directory}/prometheus.yml"]
    argv += [f"--storage.tsdb.path={directory}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with running([*argv, *flags], directory, lambda: not ready or server.visit("/-/ready")):
        yield server


@contextlib.contextmanager
def victoria_metrics(directory: Path, *flags: str) -> Iterator[Server]:
    """Start a server; its samples lie in the directory."""
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}")
    argv = [needs_program("victoria-metrics"), f"-storageDataPath={directory}/data"]
    argv += [f"-httpListenAddr=127.0.0.1:{port}", "-memory.allowedBytes=64MB"]
    with running([*argv, *flags], directory, lambda: server.visit("/health")):
        yield server
