"""A private Alertmanager on a free loopback port."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import running


@dataclass(frozen=True)
class Alertmanager:
    """A running server."""

    url: str

    def get(self, path: str) -> Any:
        """What its API answers. Raises HTTPError."""
        with urlopen(f"{self.url}/api/v2/{path}", timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, content: object) -> None:
        """Raises HTTPError."""
        body = json.dumps(content).encode()
        request = Request(f"{self.url}/api/v2/{path}", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=10):
            pass

    def answers(self) -> bool:
        try:
            self.get("status")
        except (URLError, ConnectionError):
            return False
        return True


@contextlib.contextmanager
def alertmanager(config: Path) -> Iterator[Alertmanager]:
    """Start a server with a configuration; its data lies beside that."""
    server = Alertmanager(f"http://127.0.0.1:{free_port()}")
    argv = [needs_program("prometheus-alertmanager"), f"--config.file={config}"]
    argv += [f"--storage.path={config.parent}/data", "--cluster.listen-address="]
    argv += [f"--web.listen-address={server.url.removeprefix('http://')}"]
    with running(argv, config.parent, server.answers):
        yield server
