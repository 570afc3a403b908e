"""Debian's Prometheus and we raise the same alerts over the same samples, at the same times."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from opsbook.alerts.rules import active
from opsbook.alerts.rules.active import ActiveAlert
from opsbook.alerts.rules.alerting import AlertingRule, Setting
from opsbook.alerts.rules.origin import Origin
from opsbook.alerts.rules.texts import Surroundings
from opsbook.alerts.rules.unit.samples import Given, VirtualSamples
from opsbook.core.labels import format_labels, labels_of
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.rules.file import read_rules
from opsbook.metrics.rules.group import Group
from tests.metrics.rules.test_against_prometheus import ask, samples
from tests.requirement import needs_program
from tests.servers.loopback import free_port

RULES = """
groups:
- name: alerts
  interval: 500ms
  rules:
  - {record: at, expr: time()}
  - alert: Deep
    expr: depth > 4
    for: 1s
    labels: {severity: page, of: "{{ $labels.queue }} of {{ $externalLabels.cluster }}"}
    annotations:
      summary: "{{ $labels.queue }} holds {{ $value | humanize }}"
      all: '{{ with query "count(depth)" }}{{ . | first | value }}{{ end }}'
  - {alert: DeepNow, expr: depth > 4}
  - {alert: Kept, expr: depth > 4, keep_firing_for: 1s}
  - {alert: Collides, expr: depth, labels: {queue: all, instance: all}}
  - {alert: Always, expr: vector(1), annotations: {empty: '{{ if false }}x{{ end }}'}}
"""
CONFIG = """
global: {{scrape_interval: 250ms, scrape_timeout: 200ms, external_labels: {{cluster: eu}}}}
rule_files: [rules.yml]
scrape_configs: [{{job_name: app, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]
"""
_RESEND = 2000
_EXTERNAL = labels_of({"cluster": "eu"})
Sent = tuple[str, str, str, float, float]
"""Labels, annotations, link, start, end."""


class Application(BaseHTTPRequestHandler):
    """Has depths that rise and fall, and takes the alerts on them."""

    started = time.time()
    received: list[dict[str, Any]] = []

    def do_GET(self) -> None:
        age = time.time() - self.started
        lines = [f'depth{{queue="q{n}"}} {(age * 2 + n * 3) % 9:.3f}' for n in range(3)]
        self._answer("\n".join([*lines, ""]).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.extend(json.loads(body))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

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
        *(f"--rules.alert.resend-delay={_RESEND}ms", "--web.external-url=http://ops/"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while _evaluations(address) < 16 or not _has_ended():
            assert time.monotonic() < deadline, "prometheus evaluates no rules"
            time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait()
        application.shutdown()
        application.server_close()


def _evaluations(address: str) -> int:
    try:
        return sum(map(len, samples(address, "at").values()))
    except OSError:
        return 0


def _has_ended() -> bool:
    """It takes Prometheus some seconds to find out whom it sends alerts to."""
    ends = [_milliseconds(alert["endsAt"]) for alert in list(Application.received)]
    return any(end < (time.time() - 2) * 1000 for end in ends)


class Replay:
    """The samples that Prometheus scraped, and our evaluations at the times of its own."""

    def __init__(self, address: str, directory: Path) -> None:
        self.samples = VirtualSamples(Given({}, 0, 1))
        for one in ask(address, "query", query='{job="app"}[10m]')["result"]:
            for at, value in one["values"]:
                series = {labels_of(one["metric"]): float(value)}
                self.samples.append("scrape", round(float(at) * 1000), series)
        self.samples.now = 2**52
        self.engine = Engine(self.samples)
        self.sent: list[Sent] = []
        file = directory / "rules.yml"
        file.write_text(RULES)
        (spec,) = read_rules(file).groups
        setting = Setting(self._tell, Surroundings(_EXTERNAL, "http://ops/"), remembers=False)
        rules = [AlertingRule(spec, each, 0.5, setting) for each in spec.rules if each.alert]
        self.group = Group(str(file), spec, 0.5, rules)
        # All that it restores after a start is restored at the third evaluation.
        self.times = [at for at, _ in samples(address, "at")["at"]]
        for at in self.times:
            self.group.evaluate(at, self.engine.instant, self.samples)

    def _tell(self, expression: str, alerts: Sequence[ActiveAlert]) -> None:
        url = Origin("http://ops/").of_expression(expression)
        for one in alerts:
            ends = one.valid_until if one.resolved_at is None else one.resolved_at
            assert one.fired_at is not None
            labels = labels_of({**dict(_EXTERNAL), **dict(one.labels)})
            said = format_labels(one.annotations)
            self.sent.append((format_labels(labels), said, url, one.fired_at, ends))

    def kept(self, name: str, since: int, until: int) -> dict[str, list[tuple[int, float]]]:
        found = self.engine.instant(f"{name}[10m]", until).series
        kept = {
            format_labels(one.labels): [
                (at, value)
                for at, value in zip(one.times.tolist(), one.values.tolist(), strict=True)
                if at >= since
            ]
            for one in found
        }
        return {series: each for series, each in kept.items() if each}


@pytest.fixture(scope="module")
def replay(prometheus: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(active, "RESEND", _RESEND)
        yield Replay(prometheus, tmp_path_factory.mktemp("replay"))


@pytest.mark.parametrize("name", ["ALERTS", "ALERTS_FOR_STATE"])
def test_the_same_series_of_alerts_are_kept(name: str, prometheus: str, replay: Replay) -> None:
    # Prometheus keeps none of them before it has restored what there was, after two evaluations.
    since, until = replay.times[2], replay.times[-2]
    theirs = {
        series: [sample for sample in found if since <= sample[0] <= until]
        for series, found in samples(prometheus, name).items()
    }
    ours = replay.kept(name, since, until)
    assert ours == {series: found for series, found in theirs.items() if found}
    assert len(ours) > 5


def test_the_same_alerts_are_told_at_the_same_times(prometheus: str, replay: Replay) -> None:
    until = replay.times[-3]
    theirs = {each for each in map(_sent, list(Application.received)) if each[3] <= until}
    ours = {each for each in replay.sent if each[3] <= until}
    known = {each[:4] for each in theirs}
    assert {each[:4] for each in ours if each[4] <= until} <= known
    assert {each for each in theirs if each[4] <= until} <= ours
    assert len(known) > 5
    assert any(each[4] <= until for each in theirs)


def test_the_same_rules_fail_with_the_same_words(prometheus: str, replay: Replay) -> None:
    theirs = {
        rule["name"]: (rule["health"], rule.get("lastError", ""))
        for group in ask(prometheus, "rules")["groups"]
        for rule in group["rules"]
        if rule["type"] == "alerting"
    }
    ours = {one.rule.name: (one.health, one.error) for one in replay.group.status.rules}
    assert ours == theirs
    assert ours["Collides"][0] == "err"


def _sent(alert: dict[str, Any]) -> Sent:
    start, end = (_milliseconds(alert[key]) for key in ("startsAt", "endsAt"))
    labels, said = labels_of(alert["labels"]), tuple(sorted(alert.get("annotations", {}).items()))
    return format_labels(labels), format_labels(said), alert["generatorURL"], start, end


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
