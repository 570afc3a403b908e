"""A webhook that remembers when it was told, and of how many alerts."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook:
    """What arrived. Bodies are read later: that must not take time from who is measured."""

    def __init__(self) -> None:
        self.port = 0
        self._arrived = threading.Condition()
        self._bodies: list[tuple[float, bytes]] = []

    def take(self, body: bytes) -> None:
        at = time.perf_counter()
        with self._arrived:
            self._bodies.append((at, body))
            self._arrived.notify_all()

    def first(self, text: bytes, within: float = 30.0) -> float:
        """When it was first told of what holds this text. Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._when(text), within):
                raise TimeoutError(f"the webhook has not heard of {text!r} within {within:g} s")
            return min(self._when(text))

    def until_told(self, notices: int, within: float = 120.0) -> float:
        """When the last of so many notices came. Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._bodies) >= notices, within):
                raise TimeoutError(f"{len(self._bodies)} of {notices} notices in {within:g} s")
            return self._bodies[notices - 1][0]

    @property
    def alerts(self) -> int:
        """In all notices."""
        return sum(len(json.loads(body)["alerts"]) for _, body in self._bodies)

    def _when(self, text: bytes) -> list[float]:
        return [at for at, body in self._bodies if text in body]


@contextmanager
def hook() -> Iterator[Hook]:
    """It answers until the block ends."""
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: it would take time."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, name="hook", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
