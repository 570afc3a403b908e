"""`python -m bench.respond`: what a durable run costs and how soon it begins, on SQLite and on
PostgreSQL."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from tests.servers.postgres import postgres

from bench.machine import described, introduce, machine, versions
from bench.processes import scratch
from bench.table import Spread, print_table, say, spread, write_json

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FIGURES = {
    "import, ms": ("import", 1000),
    "launch, ms": ("launch", 1000),
    "submit, ms": ("submit", 1000),
    "step, ms": ("step", 1000),
    "runs of 5 steps, 1/s": ("runs", 1),
    "memory, MiB": ("memory", 1),
}


def _measured(who: str, url: str, seconds: int) -> dict[str, Any]:
    say(f"{who} on {url.partition(':')[0]}")
    return _said_by("worker", who, url, str(seconds))


def _responses(url: str, place: Path, count: int) -> dict[str, Spread]:
    say(f"{count} deaths and approvals on {url.partition(':')[0]}")
    place.mkdir()
    times = _said_by("platform", url, str(place), str(count))
    return {what: spread(each) for what, each in times.items()}


def _said_by(module: str, *arguments: str) -> dict[str, Any]:
    """What a process that measures itself found."""
    words = [sys.executable, "-m", f"bench.respond.{module}", *arguments]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=600)
    if ran.returncode:
        raise click.ClickException(ran.stderr)
    result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return result


@click.command()
@click.option("--seconds", default=10, show_default=True, help="Of each look at idle CPU.")
@click.option("--deaths", default=30, show_default=True, help="Of a service, each answered.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(seconds: int, deaths: int, file: Path | None) -> None:
    """Steps, runs and idleness of durable runs, beside DBOS without us; and how soon a run
    answers the death of a service, and goes on after an approval."""
    found, of = machine(), versions()
    introduce(found, of)
    results: dict[str, dict[str, Any]] = {}
    with scratch() as place, postgres(**_DURABLE) as server:
        login = f"{server.user}:{server.password}@{server.host}:{server.port}"
        for who in ("opsbook", "dbos"):
            server.execute(f"CREATE DATABASE {who}")
            results[f"{who}, SQLite"] = _measured(who, f"sqlite:///{place}/{who}.db", seconds)
            url = f"postgresql://{login}/{who}"
            results[f"{who}, PostgreSQL"] = _measured(who, url, seconds)
        server.execute("CREATE DATABASE platform")
        responses = {
            "SQLite": _responses("sqlite", place / "sqlite", deaths),
            "PostgreSQL": _responses(
                f"postgresql://{login}/platform", place / "postgresql", deaths
            ),
        }
    rows = [
        [name, *(result[key] * factor for result in results.values())]
        for name, (key, factor) in _FIGURES.items()
    ]
    rows += [
        [f"idle, 3 queues each {poll} s, % of a core"]
        + [result["idle"][poll] for result in results.values()]
        for poll in ("1.0", "0.5", "0.25")
    ]
    print_table("durable runs", ["", *results], rows)
    print("DBOS alone opens SQLite without a write-ahead log and with synchronous = FULL.")
    print_table(
        "responses, ms",
        ["", "on", "n", "median", "p99", "max"],
        [
            [what, on, each.count, each.median, each.p99, each.max]
            for what in responses["SQLite"]
            for on, each in ((on, times[what]) for on, times in responses.items())
        ],
    )
    print("A queue is looked at every 200 ms; the service itself starts in about 1 ms.")
    figures = {
        on: {what: asdict(each) for what, each in times.items()} for on, times in responses.items()
    }
    write_json(file, described(found, of) | {"results": results, "responses": figures})


main()
