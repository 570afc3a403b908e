"""The small service that is killed or checked, and how it is asked who it is."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Process, running, until
from opsbook.core.procfs import all_pids, arguments

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Program:
    """`answer`, ready to be started."""

    words: tuple[str, ...]
    made_of: str
    """What it was built from, for the reader of the figures."""


@dataclass(frozen=True, slots=True)
class Service:
    """`answer` on a port of its own."""

    words: tuple[str, ...]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ask(self) -> tuple[int, int] | None:
        """Process number of who answers and its count of answers; None if nobody does."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                pid, answered = connection.recv(1024).rpartition(b"\r\n\r\n")[2].split()
                return int(pid), int(answered)
        except (OSError, ValueError):
            return None

    def end(self) -> None:
        """Kill every process that runs exactly these words; nobody else's can."""
        while left := [pid for pid in all_pids() if arguments(pid) == list(self.words)]:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)


def build(place: Path) -> Program:
    """Compile it into `place`, or copy the Python that does the same."""
    compiler = shutil.which("cc")
    if compiler is None:
        copy = shutil.copy(_HERE / "answer.py", place)
        return Program((sys.executable, "-S", str(copy)), "Python (no cc found)")
    program = place / "answer"
    words = [compiler, "-O2", "-Wall", "-o", str(program), str(_HERE / "answer.c")]
    subprocess.run(words, check=True)
    return Program((str(program),), "C")


def service(program: Program, delay_ms: int = 0) -> Service:
    """The service on a free port; it listens `delay_ms` after its start."""
    port = free_port()
    return Service((*program.words, str(port), str(delay_ms)), port)


@contextmanager
def serving(program: Program, core: int | None = None) -> Iterator[tuple[Service, Process]]:
    """The service running, on one core where that is given, and answering."""
    target = service(program)
    with running(target.words, cores=None if core is None else {core}) as process:
        until(lambda: target.ask() is not None, f"{target.url} answers")
        yield target, process


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
