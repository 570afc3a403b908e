"""Debian's Prometheus and we evaluate the same rules over the same samples."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from opsbook.core.clock import SystemClock
from opsbook.core.labels import NAME, Labels, format_labels, labels_of
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.rules.file import read_rules
from opsbook.metrics.rules.settings import DeclaredGroup, make_groups
from opsbook.metrics.stores.embedded import Embedded
from tests.requirement import needs_program
from tests.servers.loopback import free_port

RULES = """
groups:
- name: chain
  interval: 500ms
  rules:
  - {record: evaluated_at, expr: time()}
  - {record: evaluations, expr: evaluations + 1 or vector(0)}
  - {record: 'code:requests:rate', expr: 'sum by (code) (rate(requests_total[2s] offset 1s))'}
  - {record: 'requests:rate', expr: sum without (code) (code:requests:rate)}
  - record: errors:ratio
    expr: code:requests:rate{code="500"} / ignoring (code) requests:rate
  - {record: too_deep, expr: depth offset 1s > 4}
  - {record: labelled, expr: depth offset 1s, labels: {team: core, instance: '', job: mine}}
  - {record: colliding, expr: depth offset 1s, labels: {queue: all}}
  - {record: nothing, expr: 'requests_total[5m]'}
- name: limited
  interval: 500ms
  limit: 2
  rules:
  - {record: within, expr: requests_total offset 1s}
  - {record: beyond, expr: depth offset 1s}
"""
CONFIG = """
global: {{scrape_interval: 250ms, scrape_timeout: 200ms, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs: [{{job_name: app, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]
"""
RECORDED = (
    *("evaluated_at", "evaluations", "code:requests:rate", "requests:rate", "errors:ratio"),
    *("too_deep", "labelled", "colliding", "nothing", "within", "beyond"),
)
Samples = dict[str, list[tuple[int, float]]]


class Application(BaseHTTPRequestHandler):
    """Counters that grow, and depths of queues that rise and fall past a limit."""

    started = time.time()

    def do_GET(self) -> None:
        age = time.time() - self.started
        lines = [
            f'requests_total{{code="{code}"}} {age * rate:.3f}'
            for code, rate in ((200, 90), (500, 7))
        ]
        lines += [f'depth{{queue="q{n}"}} {(age * 5 + n * 3) % 9:.3f}' for n in range(3)]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write("\n".join([*lines, ""]).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one that has evaluated the rules for some seconds."""
    program = needs_program("prometheus")
    directory = tmp_path_factory.mktemp("prometheus")
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    (directory / "rules.yml").write_text(RULES)
    (directory / "prometheus.yml").write_text(CONFIG.format(port=application.server_port))
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(program, f"--config.file={directory / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={address}"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while _ratios(address) < 8:
            assert time.monotonic() < deadline, "prometheus evaluates no rules"
            time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait()
        application.shutdown()
        application.server_close()


def ask(address: str, path: str, **given: object) -> Any:
    with urllib.request.urlopen(f"http://{address}/api/v1/{path}?{urlencode(given)}") as answer:
        return json.loads(answer.read())["data"]


def samples(address: str, selector: str) -> Samples:
    """All samples as they were stored."""
    found = ask(address, "query", query=f"{selector}[10m]")["result"]
    return {
        format_labels(labels_of(one["metric"])): [
            (round(float(at) * 1000), float(value)) for at, value in one["values"]
        ]
        for one in found
    }


def _ratios(address: str) -> int:
    """How often the end of the chain has had a value."""
    try:
        return sum(map(len, samples(address, "errors:ratio").values()))
    except OSError:
        return 0


class Replay:
    """The samples that Prometheus scraped, and our evaluations at the times of its own."""

    def __init__(self, address: str, directory: Path) -> None:
        self.store = Embedded()
        self.store.bind(directory / "store", SystemClock())
        self.store.start()
        self.engine = Engine(self.store)
        self._copy(ask(address, "query", query='{job="app"}[10m]')["result"])
        file = directory / "rules.yml"
        file.write_text(RULES)
        specs = read_rules(file).groups
        declared = [DeclaredGroup(str(file), spec, spec.interval) for spec in specs]
        self.groups = make_groups(declared)
        of_chain = samples(address, "evaluated_at")["evaluated_at"]
        of_limited = samples(address, 'within{code="200"}')
        times = [of_chain, next(iter(of_limited.values()))]
        self.times = [[at for at, _ in each] for each in times]
        for group, moments in zip(self.groups, self.times, strict=True):
            for at in moments:
                group.evaluate(at, self.engine.instant, self.store)

    def _copy(self, found: list[Any]) -> None:
        rows: dict[int, dict[Labels, float]] = {}
        for one in found:
            for at, value in one["values"]:
                row = rows.setdefault(round(float(at) * 1000), {})
                row[labels_of(one["metric"])] = float(value)
        for at, row in sorted(rows.items()):
            self.store.append("scrape", at, row)

    def samples(self, name: str, until: int) -> Samples:
        result = self.engine.instant(f'{{{NAME}="{name}"}}[10m]', until)
        return {
            format_labels(one.labels): list(
                zip(one.times.tolist(), one.values.tolist(), strict=True)
            )
            for one in result.series
        }


@pytest.fixture(scope="module")
def replay(prometheus: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    replay = Replay(prometheus, tmp_path_factory.mktemp("replay"))
    yield replay
    replay.store.close()


@pytest.mark.parametrize("name", RECORDED)
def test_the_same_samples_stand_at_the_same_times(
    name: str, prometheus: str, replay: Replay
) -> None:
    until = min(moments[-1] for moments in replay.times)
    theirs = {
        series: [sample for sample in found if sample[0] <= until]
        for series, found in samples(prometheus, f'{{__name__="{name}"}}').items()
    }
    ours = replay.samples(name, until)
    assert ours.keys() == theirs.keys()
    for series, found in theirs.items():
        np.testing.assert_allclose(ours[series], found, rtol=1e-12)


def test_series_end_and_begin_at_the_same_times(prometheus: str, replay: Replay) -> None:
    moments = replay.times[0]
    start, end = moments[3], moments[-2]
    asked = {"query": "too_deep", "start": start / 1000, "end": end / 1000, "step": 0.1}
    found = ask(prometheus, "query_range", **asked)["result"]
    theirs = {
        format_labels(labels_of(one["metric"])): [
            round(float(at) * 1000) for at, _ in one["values"]
        ]
        for one in found
    }
    result = replay.engine.range("too_deep", start, end, 100)
    ours = {format_labels(one.labels): one.times.tolist() for one in result.series}
    assert ours == theirs
    assert any(len(times) < (end - start) // 100 for times in theirs.values())


def test_the_same_rules_fail_with_the_same_words(prometheus: str, replay: Replay) -> None:
    theirs = {
        rule["name"]: (rule["health"], rule.get("lastError", ""))
        for group in ask(prometheus, "rules")["groups"]
        for rule in group["rules"]
    }
    ours = {
        each.rule.name: (each.health, each.error)
        for group in replay.groups
        for each in group.status.rules
    }
    assert ours == theirs
    assert {name for name, (health, _) in ours.items() if health == "err"} == {
        *("colliding", "nothing", "beyond"),
    }
