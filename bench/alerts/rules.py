"""A thousand rules that alert, evaluated over the same samples by Opsbook and by Prometheus."""

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.metrics.client import Client, results
from bench.metrics.contestant import Contestant, Server, answers
from bench.metrics.opsbook import Opsbook
from bench.metrics.prometheus import Prometheus
from bench.processes import running, until, usage_of
from bench.service import free_port
from bench.table import Cell, print_table, say

_RULES = 1000
_EVERY = 2.0
_FIRING = {"query": 'count(ALERTS{alertstate="firing"})'}
_OPSBOOK, _PROMETHEUS = Opsbook(), Prometheus()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What each contestant says of its own evaluations."""

    seconds: tuple[float, ...]
    firing: int
    cpu_percent: float
    """Of one core, with the scrape of the samples."""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measured(place: Path, rounds: int) -> dict[str, Evaluation | str]:
    found: dict[str, Evaluation | str] = {}
    with _exporter() as exporter:
        for contestant in (_OPSBOOK, _PROMETHEUS):
            if reason := contestant.missing():
                found[contestant.name] = reason
                continue
            say(f"{_RULES:,} rules: {contestant.name}")
            found[contestant.name] = _measured(contestant, place, exporter, rounds)
    return found


def print_rules(found: Mapping[str, Evaluation | str]) -> None:
    ours = found[_OPSBOOK.name]
    rows: list[list[Cell]] = []
    for name, each in found.items():
        if isinstance(each, str) or isinstance(ours, str):
            rows.append([name, str(each)])
            continue
        times = [value * 1e3 for value in (each.median, min(each.seconds), max(each.seconds))]
        ratio = ours.median / each.median
        rows.append([name, *times, ratio, each.firing, each.cpu_percent])
    head = ("who", "median ms", "least", "most", "opsbook ×", "firing", "core %")
    print_table(f"{_RULES:,} alerting rules, one group, every {_EVERY:g} s", head, rows)
    print("  As each says in /api/v1/rules. A rule compares one series of 1,000; half of them fire")


def as_json(found: Mapping[str, Evaluation | str]) -> dict[str, Any]:
    return {name: each if isinstance(each, str) else asdict(each) for name, each in found.items()}


def _measured(contestant: Contestant, place: Path, exporter: int, rounds: int) -> Evaluation:
    home = place / f"{contestant.name}-rules"
    home.mkdir()
    (home / "rules.yml").write_text(json.dumps(_rules()), encoding="utf-8")
    jobs = home / "jobs.yml"
    jobs.write_text(json.dumps(_jobs(exporter, home)), encoding="utf-8")
    with contestant.serving(home, jobs) as server:
        until(lambda: answers(server, "/-/ready"), f"{contestant.name} is ready")
        until(lambda: _firing(server) == _RULES // 2, "half of the rules fire", 60)
        before = usage_of(server.process)
        took = list(_evaluations(server, rounds))
        after = usage_of(server.process)
        used = (after.cpu_seconds - before.cpu_seconds) / (after.read_at - before.read_at)
        return Evaluation(tuple(took), _firing(server), 100 * used)


def _evaluations(server: Server, rounds: int) -> Iterator[float]:
    client, last = Client(server.port), ""
    while rounds:
        (group,) = json.loads(client.get("/api/v1/rules", {}))["data"]["groups"]
        if group["lastEvaluation"] != last:
            last = group["lastEvaluation"]
            rounds -= 1
            yield group["evaluationTime"]
        time.sleep(_EVERY / 2)
    client.close()


def _firing(server: Server) -> int:
    client = Client(server.port)
    try:
        found = results(
            client.get("/api/v1/query", {"query": 'count(ALERTS{alertstate="firing"})'})
        )
    finally:
        client.close()
    return int(found[0]["value"][1]) if found else 0


@contextmanager
def _exporter() -> Iterator[int]:
    port = free_port()
    with running([sys.executable, "-m", "bench.metrics.exporter", str(port), str(_RULES)]):
        yield port


def _rules() -> dict[str, Any]:
    rules = [
        {
            "alert": f"Rule{number}",
            "expr": f'x_total{{path="/api/v1/resource/{number}"}} {">=" if number % 2 else "<"} 0',
            "labels": {"severity": "warning"},
            "annotations": {"summary": "{{ $labels.path }} is at {{ $value }}"},
        }
        for number in range(_RULES)
    ]
    return {"groups": [{"name": "bench", "interval": f"{_EVERY:g}s", "rules": rules}]}


def _jobs(exporter: int, home: Path) -> dict[str, Any]:
    target = {"targets": [f"127.0.0.1:{exporter}"]}
    return {
        "rule_files": [str(home / "rules.yml")],
        "scrape_configs": [
            {
                "job_name": "x",
                "scrape_interval": "2s",
                "scrape_timeout": "2s",
                "static_configs": [target],
            }
        ],
    }
