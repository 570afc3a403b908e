"""Alerts in: until they are accepted, until somebody is told, and what it costs."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.alerts.contestant import Contestant
from bench.alerts.hook import hook
from bench.alerts.pauses import polled
from bench.alerts.posting import NAMES, accepted, bodies
from bench.processes import usage_of
from bench.table import Cell, print_table, say

_ACCEPTED = {
    "1,000 alerts in one request": (1_000, 1_000),
    "1,000 alerts in requests of 100": (1_000, 100),
    "10,000 alerts in one request": (10_000, 10_000),
    "10,000 alerts in requests of 100": (10_000, 100),
}
_STORM = 10_000
_NEVER = "1h"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, in several runs."""

    what: str
    unit: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)


def measured(
    contestants: Sequence[Contestant], place: Path, rounds: int
) -> dict[str, dict[str, Figure]]:
    """Contestant → what → figure; all take turns, so that they meet the same noise."""
    runs: dict[str, dict[str, list[float]]] = {each.name: {} for each in contestants}
    for number in range(rounds):
        for contestant in contestants:
            say(f"round {number + 1} of {rounds}: {contestant.name}")
            home = place / f"{contestant.name}-{number}"
            home.mkdir()
            for what, value in _round(contestant, home):
                runs[contestant.name].setdefault(what, []).append(value)
    return {
        name: {what: Figure(what, _unit(what), tuple(found)) for what, found in each.items()}
        for name, each in runs.items()
    }


def print_taking(found: Mapping[str, Mapping[str, Figure]]) -> None:
    ours = found["opsbook"]
    rows: list[list[Cell]] = []
    for what, our in ours.items():
        for name, figures in found.items():
            each = figures[what]
            best, worst = min(each.runs), max(each.runs)
            rows.append([what, name, each.unit, each.median, best, worst, our.median / each.median])
        rows.append([])
    head = ("what", "who", "unit", "median", "least", "most", "opsbook ×")
    print_table("Alerts in", head, rows[:-1])
    print(
        "  opsbook ×: opsbook's median against this one; less than 1 is better."
        "\n  Accepted means answered: by opsbook once the alerts are on disk and survive kill -9,"
        "\n  by Alertmanager once they are in memory."
        f"\n  The storm: {_STORM:,} alerts of {NAMES} names in one request, told in {NAMES}"
        "\n  notices after a group_wait of 1 s. A pause is the longest that /-/healthy took,"
        "\n  which is asked every 5 ms."
    )


def as_json(found: Mapping[str, Mapping[str, Figure]]) -> dict[str, Any]:
    return {
        name: {what: asdict(each) | {"median": each.median} for what, each in figures.items()}
        for name, figures in found.items()
    }


def _round(contestant: Contestant, home: Path) -> Iterator[tuple[str, float]]:
    for number, (what, (count, each)) in enumerate(_ACCEPTED.items()):
        with hook() as told, contestant.serving(home / str(number), told.port, _NEVER) as server:
            accepted(server, bodies(0, 10, 10))
            yield f"accept {what}", accepted(server, bodies(10, count, each)) * 1e3
            yield f"accept {what} again", accepted(server, bodies(10, count, each)) * 1e3
    yield from _first_told(contestant, home)
    yield from _storm(contestant, home)


def _first_told(contestant: Contestant, home: Path) -> Iterator[tuple[str, float]]:
    """The median of as many groups as there are names."""
    took = []
    with hook() as told, contestant.serving(home / "told", told.port, "0s") as server:
        for number in range(20):
            begun = time.perf_counter()
            accepted(server, bodies(number, 1, 1))
            took.append(told.first(f"host-{number}.".encode()) - begun)
    yield "one alert → the webhook, group_wait 0", statistics.median(took) * 1e3


def _storm(contestant: Contestant, home: Path) -> Iterator[tuple[str, float]]:
    requests = bodies(0, _STORM, _STORM)
    with hook() as told, contestant.serving(home / "storm", told.port, "1s") as server:
        before = usage_of(server.process).cpu_seconds
        with polled(server) as pauses:
            begun = time.perf_counter()
            accepted(server, requests)
            last = told.until_told(NAMES) - begun
            time.sleep(1.0)
        used = usage_of(server.process)
        if told.alerts < _STORM:
            raise RuntimeError(f"{contestant.name} told of {told.alerts} of {_STORM} alerts")
    yield "storm: all told", last * 1e3
    yield "storm: longest pause", max(pauses) * 1e3
    yield "storm: CPU", (used.cpu_seconds - before) * 1e3
    yield "storm: RSS", used.memory_bytes / 1e6


def _unit(what: str) -> str:
    return "MB" if what.endswith("RSS") else "ms"
