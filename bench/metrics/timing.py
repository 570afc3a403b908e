"""Each question to each store, in turn, so that all meet the same noise."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.metrics.client import Client
from bench.metrics.contestant import Server
from bench.metrics.queries import Query
from bench.processes import usage_of
from bench.table import Cell, print_table, say

_AIMED_AT = "opsbook"


@dataclass(frozen=True, slots=True)
class Variant:
    """A running store, and how it is asked."""

    name: str
    server: Server
    parameters: Mapping[str, str]
    """Beside those of the query."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one query to one variant."""

    median: float
    min: float
    first: float
    """Of the very first, right after the check that answers agree."""
    cpu: float
    """Of the server, on average, to 10 ms divided by the number of rounds."""


def timed(query: Query, variants: Sequence[Variant], rounds: int) -> dict[str, Times]:
    say(f"  {query.expression}")
    clients = {variant.name: Client(variant.server.port) for variant in variants}
    seconds: dict[str, list[float]] = {variant.name: [] for variant in variants}
    cpu = dict.fromkeys(seconds, 0.0)
    for _ in range(rounds + 1):
        for variant in variants:
            before = usage_of(variant.server.process).cpu_seconds
            given = {**query.parameters, **variant.parameters}
            seconds[variant.name].append(clients[variant.name].timed(query.path, given))
            cpu[variant.name] += usage_of(variant.server.process).cpu_seconds - before
    for client in clients.values():
        client.close()
    return {
        name: Times(
            median=statistics.median(found[1:]) * 1000,
            min=min(found[1:]) * 1000,
            first=found[0] * 1000,
            cpu=cpu[name] * 1000 / len(found),
        )
        for name, found in seconds.items()
    }


def print_times(found: Mapping[str, Mapping[str, Times]], queries: Sequence[Query]) -> None:
    head = ("query", "store", "median ms", "min", "CPU ms", "×", "× no cache")
    rows: list[list[Cell]] = []
    for query in queries:
        times = found[query.name]
        for name, each in times.items():
            ours = [times[one].median for one in (_AIMED_AT, f"{_AIMED_AT}, no cache")]
            ratios = [each.median / our for our in ours]
            rows.append([query.name, name, each.median, each.min, each.cpu, *ratios])
        rows.append([])
    print_table("Queries over HTTP", head, rows[:-1])
    for query in queries:
        print(f"  {query.name}: {query.expression}")
    print(
        "  ×: the median against opsbook's as it comes, and against opsbook's without memory of"
        "\n  results. no cache: asked with `nocache=1`, which has opsbook and VictoriaMetrics look"
        "\n  at samples; else both answer the very same query again from memory. cache: 0: opsbook"
        "\n  also decodes every sample each time. Prometheus has no such memory."
    )


def as_json(found: Mapping[str, Mapping[str, Times]]) -> dict[str, Any]:
    return {
        query: {name: asdict(each) for name, each in times.items()}
        for query, times in found.items()
    }
