"""A HelixFlow for tests: real processes on free ports, and clients that are not its own."""

import contextlib
import json
import os
import socket
import sqlite3
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, TrailersReceived

from opsbook.platforms.helixflow.home import SERVICES, prepare
from opsbook.platforms.helixflow.ports import Ports

HOST = "127.0.0.1"


class Running:
    """A home and those of its processes that the test has started."""

    def __init__(self, home: Path, ports: Ports | None = None) -> None:
        self.home = home
        self.ports = ports or Ports.free()
        self.book = prepare(home, self.ports)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def port(self, service: str) -> int:
        return {
            "api-gateway": self.ports.gateway,
            "api-gateway-grpc": self.ports.grpc,
            "auth-service": self.ports.auth,
            "inference-pool": self.ports.inference,
            "monitoring": self.ports.monitoring,
        }[service]

    def start(self, *services: str, **environment: str) -> float:
        """Start services and wait until each accepts connections; returns the seconds taken."""
        began = time.perf_counter()
        for service in services:
            with (self.home / f"{service}.out").open("ab") as out:
                self.processes[service] = subprocess.Popen(
                    [self.home / "bin" / service],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "REQUESTS_PER_SECOND": "0", **environment},
                )
        for service in services:
            eventually(partial(accepts, self.port(service)))
        return time.perf_counter() - began

    def stop(self, service: str) -> tuple[int, float]:
        """SIGTERM; the exit code, and the seconds until the end."""
        began = time.perf_counter()
        process = self.processes.pop(service)
        process.terminate()
        return process.wait(10), time.perf_counter() - began

    def kill_all(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """For the gateway, trusting only the platform's CA."""
        trust = ssl.create_default_context(cafile=self.home / "certs/ca.crt")
        address = f"https://{HOST}:{self.ports.gateway}"
        with httpx2.Client(verify=trust, base_url=address, trust_env=False, timeout=5) as client:
            yield client

    def get(self, service: str, path: str = "/health", timeout: float = 5.0) -> httpx2.Response:
        """From a service that speaks plain HTTP."""
        url = f"http://{HOST}:{self.port(service)}{path}"
        return _plain_client().get(url, timeout=timeout)

    def post(self, service: str, path: str, content: Any) -> httpx2.Response:
        return _plain_client().post(f"http://{HOST}:{self.port(service)}{path}", json=content)

    def rows(self) -> list[tuple[str, float, str, str, int]]:
        """What was recorded, oldest first."""
        columns = "created_at, response_time, status, model, tokens"
        with contextlib.closing(sqlite3.connect(self.home / "data/helixflow.db")) as database:
            return database.execute(
                f"SELECT {columns} FROM inference_requests ORDER BY id"  # noqa: S608 - fixed names
            ).fetchall()

    def logged(self, service: str) -> list[str]:
        log = self.home / "logs" / f"{service}.log"
        return log.read_text(encoding="utf-8").splitlines()


@contextlib.contextmanager
def running(home: Path, *services: str, **environment: str) -> Iterator[Running]:
    """These services, or all five; whatever was started is gone afterwards."""
    platform = Running(home)
    try:
        platform.start(*(services or SERVICES), **environment)
        yield platform
    finally:
        platform.kill_all()


@cache
def _plain_client() -> httpx2.Client:
    """One for all: each would load the system's roots. No connection is used twice."""
    return httpx2.Client(trust_env=False, timeout=5, headers={"Connection": "close"})


def exchange(port: int, sent: bytes) -> bytes:
    """The answer to these bytes, until the service closes."""
    with socket.create_connection((HOST, port), timeout=5) as client:
        client.sendall(sent)
        return b"".join(iter(partial(client.recv, 65_536), b""))


def wish(prompt: str = "Are you there?", model: str = "helix-7b", **more: Any) -> dict[str, Any]:
    """The body of a completion request."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def eventually(true: Callable[[], object], within: float = 5.0) -> None:
    """Wait until it is true. Fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)


def days_served(platform: Running) -> float:
    """Days left of the certificate that the gateway serves now, whatever it is worth."""
    pem = ssl.get_server_certificate((HOST, platform.ports.gateway))
    end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    return (end - datetime.now(UTC)).total_seconds() / 86_400


def grpc_call(
    port: int, path: str, message: bytes = b"", timeout: float = 5.0
) -> tuple[dict[bytes, bytes], bytes]:
    """One unary call; the headers and trailers together, and the data with its prefix."""
    connection = H2Connection(H2Configuration())
    fields: dict[bytes, bytes] = {}
    body = b""
    with socket.create_connection((HOST, port), timeout=timeout) as client:
        connection.initiate_connection()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "test"),
            (":path", path),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        connection.send_headers(1, headers)
        framed = struct.pack(">BI", 0, len(message)) + message
        while len(framed) > connection.max_outbound_frame_size:
            connection.send_data(1, framed[:16_384])
            framed = framed[16_384:]
        connection.send_data(1, framed, end_stream=True)
        while True:
            client.sendall(connection.data_to_send())
            received = client.recv(65_536)
            assert received, "the connection closed before the answer was complete"
            for event in connection.receive_data(received):
                if isinstance(event, ResponseReceived | TrailersReceived):
                    fields |= dict(event.headers)
                elif isinstance(event, DataReceived):
                    body += event.data
                elif isinstance(event, StreamEnded):
                    return fields, body


def recent_errors(home: Path) -> Any:
    """What `count-recent-errors` prints."""
    done = subprocess.run([home / "bin/count-recent-errors"], capture_output=True, check=True)
    return json.loads(done.stdout)
