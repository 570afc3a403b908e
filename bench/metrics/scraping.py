"""What a scrape of a thousand series costs."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.metrics.client import Client, results
from bench.metrics.contestant import Contestant, Server
from bench.processes import running, until, usage_of
from bench.service import free_port
from bench.table import Cell, print_table, say

_TARGETS = 10
_SERIES = 1000
_WARM_UP = 10.0


@dataclass(frozen=True, slots=True)
class Scraping:
    """What a store took for its scrapes, and for everything else that it did meanwhile."""

    cpu_ms_per_scrape: float
    scrapes: int
    memory_bytes: int


def measured(
    stores: dict[str, Contestant], place: Path, seconds: float
) -> dict[str, Scraping | str]:
    """One after the other, each with an empty directory and the same file of jobs."""
    say(f"scraping {_TARGETS} targets of {_SERIES:,} series every second")
    found: dict[str, Scraping | str] = {}
    for name, store in stores.items():
        home = place / f"{name}-scraping"
        home.mkdir()
        with _exporter() as exporter:
            jobs = home / "jobs.yml"
            jobs.write_text(json.dumps(_jobs(exporter)), encoding="utf-8")
            with store.serving(home, jobs) as server:
                try:
                    found[name] = _measured(server, exporter, seconds)
                except TimeoutError as error:
                    found[name] = str(error)
    return found


def print_scraping(found: dict[str, Scraping | str]) -> None:
    ours = found["opsbook"]
    rows: list[list[Cell]] = []
    for name, each in found.items():
        if isinstance(each, str):
            rows.append([name, each])
            continue
        ratio = None if isinstance(ours, str) else each.cpu_ms_per_scrape / ours.cpu_ms_per_scrape
        rows.append([name, each.cpu_ms_per_scrape, ratio, each.scrapes, each.memory_bytes / 1e6])
    head = ("store", "CPU ms", "×", "scrapes", "RSS MB")
    print_table(f"A scrape of {_SERIES:,} series, {_TARGETS} targets every second", head, rows)
    print("  All CPU that the process used meanwhile, divided by the scrapes. The aim: 2 ms.")


def as_json(found: dict[str, Scraping | str]) -> dict[str, Any]:
    return {name: each if isinstance(each, str) else asdict(each) for name, each in found.items()}


@contextmanager
def _exporter() -> Iterator[int]:
    port = free_port()
    words = [sys.executable, "-m", "bench.metrics.exporter", str(port), str(_SERIES)]
    with running(words):
        until(lambda: _asked(port) is not None, "the exporter answers")
        yield port


def _measured(server: Server, exporter: int, seconds: float) -> Scraping:
    until(lambda: _series(server) == _TARGETS * _SERIES, "every target is scraped", 60)
    time.sleep(min(_WARM_UP, seconds))
    before, asked = usage_of(server.process), _asked(exporter) or 0
    time.sleep(seconds)
    after, then = usage_of(server.process), _asked(exporter) or 0
    used = after.cpu_seconds - before.cpu_seconds
    return Scraping(used * 1000 / max(then - asked, 1), then - asked, after.memory_bytes)


def _asked(port: int) -> int | None:
    client = Client(port)
    try:
        return int(client.get("/asked", {}))
    except OSError:
        return None
    finally:
        client.close()


def _series(server: Server) -> int:
    client = Client(server.port)
    try:
        found = results(client.get("/api/v1/query", {"query": "count(x_total)"}))
    except (OSError, RuntimeError):
        return 0
    finally:
        client.close()
    return int(found[0]["value"][1]) if found else 0


def _jobs(exporter: int) -> dict[str, Any]:
    return {
        "scrape_configs": [
            {
                "job_name": f"job-{number}",
                "scrape_interval": "1s",
                "scrape_timeout": "1s",
                "metrics_path": f"/{number}",
                "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}],
            }
            for number in range(_TARGETS)
        ]
    }
