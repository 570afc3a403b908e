"""A proxy before an HTTP server, which fails at any request that it is told to."""

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["500", "503", "403", "reset", "late reset", "truncate"]


@dataclass
class Failing:
    """What passes, and what shall go wrong."""

    server: int
    """The port of the server behind it."""
    port: int = 0
    requests: list[str] = field(default_factory=list)
    """Method and path of each, in order."""
    fault: Callable[[int, str], Fault | None] | None = None
    """What goes wrong at a request of this number, counted from 0."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def failing(port: int) -> Iterator[Failing]:
    """Stand before the server on a loopback port until the block ends."""
    state = Failing(port)

    class Handler(_Handler):
        proxy = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer in two packets would wait for the client's acknowledgement of the first.
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: Failing

    def log_message(self, *words: object) -> None:
        """Silent."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.proxy.lock:
            number = len(self.proxy.requests)
            self.proxy.requests.append(f"{self.command} {self.path}")
        fault = self.proxy.fault
        match fault(number, f"{self.command} {self.path}") if fault else None:
            case "reset":
                self._reset()
            case "late reset":
                self._ask(body)
                self._reset()
            case "truncate":
                self._answer(*self._ask(body), truncated=True)
            case None:
                self._answer(*self._ask(body))
            case status:
                self._answer(int(status), {}, b"")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - http.server's names

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        server = http.client.HTTPConnection("127.0.0.1", self.proxy.server, timeout=30)
        with contextlib.closing(server):
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)
            server.endheaders(body)
            answer = server.getresponse()
            length = answer.getheader("Content-Length")
            headers = {
                name.lower(): value
                for name, value in answer.getheaders()
                if name.lower() not in ("transfer-encoding", "connection", "keep-alive")
            }
            content = answer.read()
        if self.command != "HEAD" or length is None:
            headers["content-length"] = str(len(content))
        return answer.status, headers, content

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, *, truncated: bool = False
    ) -> None:
        self.send_response_only(status)
        for name, value in ({"content-length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if truncated else content)
        if truncated:
            self._reset()

    def _reset(self) -> None:
        """End the connection as a machine that is gone does: with RST."""
        with contextlib.suppress(OSError):
            self.wfile.flush()
            time.sleep(0.005)
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
