"""One configuration, one crowd: Alertmanager and Opsbook group, name and inhibit alike."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import product
from typing import Any

import pytest

from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.inhibition import Inhibitor
from opsbook.core.labels import labels_of
from tests.alerts.configuration.kinds import read
from tests.servers.alertmanager import Alertmanager, alertmanager

CONFIG = """
route:
  receiver: hook
  group_by: [alertname, cluster]
  group_wait: 100ms
  routes:
  - matchers: [team="none"]
  - matchers: [team="db"]
    receiver: db
    group_by: []
    continue: true
  - matchers: [severity=~"critical|warning", team!="db"]
    match: {cluster: a}
    group_by: ['...']
    receiver: hook
    routes:
    - match_re: {alertname: Dis.*}
      group_by: [severity, missing]
receivers:
- name: hook
  webhook_configs: [{url: "http://127.0.0.1:PORT/"}]
- name: db
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [alertname, cluster]
- source_matchers: [alertname=~"Disk|Load", severity="info"]
  target_matchers: [alertname="Load"]
  equal: [team]
- source_match: {team: db, severity: info}
  target_match_re: {alertname: D.*, severity: warning|info}
  equal: [absent, cluster]
- {}
"""
NAMES = ("alertname", "severity", "cluster", "team")
VALUES = product(
    ("Disk", "Load", "Down"),
    ("critical", "warning", "info"),
    ("a", "b", ""),
    ("db", "web", "none", ""),
)
CROWD = [
    {name: value for name, value in zip(NAMES, values, strict=True) if value}
    for number, values in enumerate(VALUES)
    if number % 3 != 1
]


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A port, and what is posted there."""
    received: list[dict[str, Any]] = []

    class Catcher(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    server = HTTPServer(("127.0.0.1", 0), Catcher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, received
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory, told: tuple[int, Any]) -> Setup:
    directory = tmp_path_factory.mktemp("opsbook")
    return read(directory, CONFIG.replace("PORT", str(told[0]))).setup()


@pytest.fixture(scope="module")
def theirs(
    tmp_path_factory: pytest.TempPathFactory, told: tuple[int, Any]
) -> Iterator[Alertmanager]:
    """An Alertmanager that holds the crowd."""
    config = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yml"
    config.write_text(CONFIG.replace("PORT", str(told[0])))
    with alertmanager(config) as server:
        started = datetime.now(UTC).isoformat()
        server.post("alerts", [{"labels": labels, "startsAt": started} for labels in CROWD])
        yield server


def alerts() -> list[Alert]:
    now = time.time()
    return [Alert(labels_of(labels), (), now - 1, now + 300, now) for labels in CROWD]


def test_the_same_alerts_are_in_the_same_groups(theirs: Alertmanager, setup: Setup) -> None:
    expected = {
        (
            group["receiver"]["name"],
            labels_of(group["labels"]),
            frozenset(alert["fingerprint"] for alert in group["alerts"]),
        )
        for group in theirs.get("alerts/groups")
    }
    groups: dict[Any, set[str]] = {}
    for alert in alerts():
        for route in setup.root.find(alert.labels):
            key = route.number, route.manner.receiver, route.group_labels(alert.labels)
            groups.setdefault(key, set()).add(alert.fingerprint)
    assert {(*key[1:], frozenset(numbers)) for key, numbers in groups.items()} == expected
    assert len(expected) > 20


def inhibited(setup: Setup) -> set[str]:
    inhibitor = Inhibitor(setup.inhibitions)
    for alert in alerts():
        inhibitor.put(alert)
    now = time.time()
    return {each.fingerprint for each in alerts() if inhibitor.inhibited_by(each.labels, now)}


def test_the_same_alerts_are_inhibited(theirs: Alertmanager, setup: Setup) -> None:
    expected = {
        alert["fingerprint"] for alert in theirs.get("alerts") if alert["status"]["inhibitedBy"]
    }
    assert inhibited(setup) == expected
    assert 10 < len(expected) < len(CROWD) - 10


@pytest.mark.usefixtures("theirs")
def test_groups_have_the_same_keys(setup: Setup, told: tuple[int, list[dict[str, Any]]]) -> None:
    quiet = inhibited(setup)
    expected = {
        route.group_key(route.group_labels(alert.labels))
        for alert in alerts()
        for route in setup.root.find(alert.labels)
        if route.manner.receiver == "hook" and alert.fingerprint not in quiet
    }
    deadline = time.monotonic() + 20
    while len(received := {each["groupKey"] for each in told[1]}) < len(expected):
        assert time.monotonic() < deadline, expected - received
        time.sleep(0.05)
    assert received == expected
    assert len(expected) >= 10
