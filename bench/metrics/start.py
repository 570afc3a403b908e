"""From the start of the process to the first answer from the samples."""

import time
from dataclasses import dataclass
from pathlib import Path

from bench.metrics.client import Client, results
from bench.metrics.contestant import Server
from bench.metrics.queries import Query
from bench.processes import usage_of

_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Start:
    """What a start took."""

    seconds: float
    cpu_seconds: float
    memory_bytes: int
    """Resident, after the first answer."""


def first_answer(server: Server, query: Query) -> Start:
    """Ask until every series is there. Raises TimeoutError."""
    while not _complete(server, query):
        if time.perf_counter() - server.begun > _WITHIN:
            raise TimeoutError(f"{server.process.args!r}: no answer within {_WITHIN:g} s")
        time.sleep(0.002)
    seconds = time.perf_counter() - server.begun
    used = usage_of(server.process)
    return Start(seconds, used.cpu_seconds, used.memory_bytes)


def peak(server: Server) -> int:
    """The most bytes that were resident at any time, proc_pid_status(5)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _complete(server: Server, query: Query) -> bool:
    client = Client(server.port)
    try:
        found = results(client.get(query.path, query.parameters))
    except (OSError, RuntimeError):
        return False
    finally:
        client.close()
    return len(found) == query.series
