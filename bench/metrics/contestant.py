"""What a store has to be for a run: started on its files, filled, and measured on disk."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.metrics.client import Client
from bench.metrics.data import Span, Target
from bench.processes import Process, running, until, usage_of
from bench.service import free_port

_IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Server:
    """A store's server, running."""

    process: Process
    port: int
    begun: float
    """When it was started, of the performance counter."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies on disk."""

    bytes: int
    note: str
    """What was counted."""


class Contestant(ABC):
    """One store under one name; its files lie in a directory that is given."""

    name: ClassVar[str]

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot take part, or None."""

    @abstractmethod
    def words(self, place: Path, port: int, jobs: Path | None) -> list[str]:
        """The command that serves what is in the directory, and scrapes what a file of
        Prometheus' names."""

    @abstractmethod
    def fill(self, place: Path, targets: Sequence[Target], covered: Span) -> None:
        """Put everything in, and wait until nothing is left to be merged."""

    @abstractmethod
    def kept(self, place: Path) -> Kept: ...

    @contextmanager
    def serving(self, place: Path, jobs: Path | None = None) -> Iterator[Server]:
        """It runs until the block ends; it may not answer yet."""
        port = free_port()
        begun = time.perf_counter()
        log = place / f"{self.name}.log"
        with running(self.words(place, port, jobs), log=log) as process:
            yield Server(process, port, begun)


def answers(server: Server, path: str) -> bool:
    """Whether a request has success by now."""
    client = Client(server.port)
    try:
        client.get(path, {})
    except (OSError, RuntimeError):
        return False
    finally:
        client.close()
    return True


def until_idle(server: Server) -> None:
    """Until it has used next to nothing for some seconds."""

    def idle() -> bool:
        before = usage_of(server.process).cpu_seconds
        time.sleep(_IDLE_SECONDS)
        return usage_of(server.process).cpu_seconds - before < 0.03 * _IDLE_SECONDS

    until(idle, f"{server.process.args!r} is idle", 600)


def size(*directories: Path) -> int:
    files = (file for directory in directories for file in directory.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file())
