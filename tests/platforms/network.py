"""Two hosts on one cable: network namespaces of their own, which this machine has no part in."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.requirement import missing, needs_program

_SERVE = """
import socket, sys, threading
def greet(server):
    while True:
        connection, _ = server.accept()
        connection.sendall(b"hello")
        threading.Thread(target=echo, args=[connection], daemon=True).start()
def echo(connection):
    while data := connection.recv(100):
        connection.sendall(data)
for port in map(int, sys.argv[1:]):
    server = socket.create_server(("", port))
    threading.Thread(target=greet, args=[server]).start()
print("ready", flush=True)
"""
_CALL = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.5) as connection:
    connection.settimeout(0.5)
    assert connection.recv(5) == b"hello"
"""
_STAY = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2) as connection:
    connection.recv(5)
    print("ready", flush=True)
    for line in sys.stdin:
        connection.settimeout(0.5)
        try:
            connection.sendall(b"x")
            print(connection.recv(1) == b"x", flush=True)
        except TimeoutError:
            print(False, flush=True)
"""
SERVER, CLIENT = "10.99.0.1", "10.99.0.2"


@dataclass(frozen=True)
class Host:
    """One of the two."""

    pid: int
    """Of a process that lives in its network."""

    @property
    def namespace(self) -> str:
        return f"/proc/{self.pid}/ns/net"

    def argv(self, *words: str) -> list[str]:
        """What runs a program in its network."""
        return ["nsenter", f"--net={self.namespace}", *words]

    def do(self, *words: str) -> str:
        done = subprocess.run(self.argv(*words), capture_output=True, text=True, timeout=10)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def reaches(self, address: str, port: int) -> bool:
        """Whether a new connection is greeted."""
        argv = self.argv(sys.executable, "-S", "-c", _CALL, address, str(port))
        return subprocess.run(argv, capture_output=True, timeout=10).returncode == 0


class Standing:
    """A connection that stands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def answers(self) -> bool:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline() == "True\n"


@contextlib.contextmanager
def two_hosts(*ports: int) -> Iterator[tuple[Host, Host]]:
    """A server that listens on these ports, and a client."""
    for program in ("unshare", "nsenter", "ip"):
        needs_program(program, {"ip": "iproute2"}.get(program, "util-linux"))
    needs_program("nft", "nftables")
    with contextlib.ExitStack() as stack:
        server, client = (stack.enter_context(_host()) for _ in range(2))
        server.do("ip", "link", "add", "cable", "type", "veth", "peer", "cable", "netns",
                  str(client.pid))  # fmt: skip
        for host, address in ((server, SERVER), (client, CLIENT)):
            host.do("ip", "address", "add", f"{address}/24", "dev", "cable")
            host.do("ip", "link", "set", "cable", "up")
            host.do("ip", "link", "set", "lo", "up")
        stack.enter_context(_talking(server, _SERVE, *map(str, ports)))
        yield server, client


@contextlib.contextmanager
def standing(host: Host, address: str, port: int) -> Iterator[Standing]:
    with _talking(host, _STAY, address, str(port)) as process:
        yield Standing(process)


@contextlib.contextmanager
def _host() -> Iterator[Host]:
    argv = ["unshare", "--net", "sh", "-c", "echo ready; exec sleep 300"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                missing("no network namespace can be made here; it takes root")
            yield Host(process.pid)
        finally:
            process.kill()


@contextlib.contextmanager
def _talking(host: Host, program: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    argv = host.argv(sys.executable, "-S", "-c", program, *words)
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
