"""A small living platform whose service hangs until it is restarted, and somebody to be told."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.loopback import free_port

SERVICE = """
import os, socket, sys
port, moods = int(sys.argv[1]), sys.argv[2]
if not os.path.exists(moods + "/stubborn") and os.path.exists(moods + "/mute"):
    os.remove(moods + "/mute")
with open(moods + "/starts", "a") as starts:
    starts.write("x")
if os.path.exists(moods + "/die"):
    sys.exit(7)
server = socket.create_server(("127.0.0.1", port))
while True:
    connection, _ = server.accept()
    if not os.path.exists(moods + "/mute"):
        connection.sendall(b"ready\\n")
    connection.close()
"""
"""Greets who connects. A file `mute` keeps it from that, until it starts again; with a file
`stubborn`, also then. With a file `die` it ends at its start."""
RESTART: dict[str, Any] = {
    "name": "restart",
    "service": {"restart": "a"},
    "verify": {
        "within": "2s",
        "every": "100ms",
        "steps": [{"name": "greets", "check": {"name": "a-greets"}}],
    },
    "no_rollback": "a restart changes nothing that could be put back",
}


class Catcher(ThreadingHTTPServer):
    """Remembers what was posted, by path."""

    def __init__(self) -> None:
        self.caught: list[tuple[str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def told(self, receiver: str) -> list[dict[str, Any]]:
        return [body for path, body in self.caught if path == f"/{receiver}"]

    def tried(self, receiver: str) -> list[str]:
        """What each notice says was tried."""
        return [each["alerts"][0]["annotations"].get("tried", "") for each in self.told(receiver)]


class _Handler(BaseHTTPRequestHandler):
    server: Catcher

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.caught.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def catching() -> Iterator[Catcher]:
    server = Catcher()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def write_book(directory: Path, catcher: Catcher, *responses: dict[str, Any], **more: Any) -> Path:
    """One service `a`, its check, a runbook that restarts it, the team and who is on call."""
    moods, port = directory / "a", free_port()
    moods.mkdir(exist_ok=True)
    command = [sys.executable, "-S", "-c", SERVICE, str(port), str(moods)]
    service = {
        "process": {"command": command, "directory": str(directory), "stop_grace": "1s"},
        "ports": [port],
        "restart": {"at_most": 0, "verify_within": "2s"},
    }
    check = {
        "service": "a",
        "tcp": {"host": "127.0.0.1", "port": port, "greeting": True},
        "every": "200ms",
        "retry_every": "50ms",
        "timeout": "1s",
        "conditions": {"greeting": {"equals": "ready"}},
    }
    receivers = [
        {"name": name, "webhook_configs": [{"url": f"{catcher.url}/{name}"}]}
        for name in ("team", "oncall")
    ]
    book = {
        "platform": {"name": "small"},
        "services": {"a": service},
        "checks": {"a-greets": check},
        "alerts": {
            "route": {"receiver": "team", "group_wait": "0s", "group_interval": "1s"},
            "receivers": receivers,
        },
        "incidents": {
            "contacts": {"ada": {"receiver": "oncall"}},
            "escalation": [{"name": "L1", "contacts": ["ada"]}],
        },
        "runbooks": {"restart-a": {"steps": [RESTART]}},
        "responses": list(responses),
        **more,
    }
    file = directory / "book.yaml"
    file.write_text(json.dumps(book), encoding="utf-8")
    return file


def hang(directory: Path, *, stubborn: bool = False) -> None:
    """The service greets nobody until it is restarted; or not even then."""
    if stubborn:
        (directory / "a" / "stubborn").touch()
    (directory / "a" / "mute").touch()


def starts(directory: Path) -> int:
    """How often the service was started."""
    return len((directory / "a" / "starts").read_text())
