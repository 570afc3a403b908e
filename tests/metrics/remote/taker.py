"""A server that takes remote write over real HTTP, and refuses it when it is told to."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opsbook.core.labels import NAME
from opsbook.metrics.remote.decoding import decode, labels_in
from opsbook.metrics.remote.snappy import inflated


class Taker(ThreadingHTTPServer):
    """Like Prometheus it takes a request whole or not at all."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.status = 204
        """With which everything is answered."""
        self.refused: set[str] = set()
        """Metrics that make it answer 400."""
        self.taken: list[tuple[str, int, float]] = []
        """Name, time and value, in the order in which they came."""
        self.requests = 0
        self.headers: dict[str, str] = {}
        """Of the last request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1/write"

    def take(self, body: bytes) -> int:
        self.requests += 1
        if self.status != 204:
            return self.status
        request = decode(inflated(body, 2**26), ())
        names = [dict(labels_in(part))[NAME] for part in request.series]
        if self.refused & set(names):
            return 400
        times, values = request.samples.times.tolist(), request.samples.values.tolist()
        self.taken += zip(names, times, values, strict=True)
        return 204


class _Page(BaseHTTPRequestHandler):
    server: Taker
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two packets waits 40 ms for an acknowledgement

    def do_POST(self) -> None:
        self.server.headers = dict(self.headers)
        status = self.server.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(status)
        self.send_header("Content-Length", "0" if status == 204 else "3")
        self.end_headers()
        self.wfile.write(b"" if status == 204 else b"no!")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


@contextlib.contextmanager
def taker() -> Iterator[Taker]:
    with Taker() as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
