"""Opsbook's own part in both comparisons."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.checks.book import write_book
from bench.checks.ground import Ground, Rate
from bench.processes import Process, running
from bench.service import Service

_OPSBOOK = str(Path(sys.executable).parent / "opsbook")
_CHECKS = 1000


def scheduled(ground: Ground) -> Rate:
    """A thousand checks that are all due every 50 ms."""
    return _machinery(ground, "scheduled", "50ms")


def driven(ground: Ground) -> Rate:
    """As many looks as one core makes, without the schedule's ticks."""
    return _machinery(ground, "driven", "1h")


@contextmanager
def up(place: Path, target: Service, count: int, every: str) -> Iterator[tuple[Process, Path]]:
    """`opsbook up` on so many checks; with its data directory."""
    book, data = write_book(place / "book.yaml", target, count, every), place / "data"
    words = [_OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
    with running(words, log=place / "opsbook.log") as process:
        yield process, data


def checks_up(data: Path) -> int:
    """How many checks the running watch believes to be up; none while it does not answer."""
    words = [_OPSBOOK, "status", "--data", str(data), "--json"]
    shown = subprocess.run(words, capture_output=True, text=True)
    status = json.loads(shown.stdout or '{"checks": []}')
    return sum(check["state"] == "up" for check in status["checks"])


def _machinery(ground: Ground, how: str, every: str) -> Rate:
    book = write_book(ground.place / f"{how}.yaml", ground.target, _CHECKS, every)
    words = [sys.executable, "-m", "bench.checks.machinery", str(book), how]
    log = ground.place / f"{how}.log"
    with running(words, cores={ground.core}, log=log, output=subprocess.PIPE) as process:
        measured = ground.measure(process)
        process.terminate()
        ended = json.loads(process.communicate(timeout=15)[0])
    states = ", ".join(f"{count:,} {state}" for state, count in ended["states"].items())
    return replace(measured, note=f"from its start to its end {states}")
