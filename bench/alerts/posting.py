"""Alerts as Prometheus sends them, and how long it takes until they are accepted."""

import json
import time
from datetime import UTC, datetime, timedelta

from bench.metrics.client import Client
from bench.metrics.contestant import Server

NAMES = 100
"""Different names among the alerts, and so groups."""
_JSON = {"Content-Type": "application/json"}


def bodies(start: int, count: int, each: int) -> list[bytes]:
    """So many alerts that nobody has seen, in requests of `each`."""
    now = datetime.now(UTC)
    times = {"startsAt": _text(now), "endsAt": _text(now + timedelta(hours=1))}
    alerts = [{**_alert(number), **times} for number in range(start, start + count)]
    return [json.dumps(alerts[at : at + each]).encode() for at in range(0, count, each)]


def accepted(server: Server, requests: list[bytes]) -> float:
    """Seconds from the first byte of the first until all are answered, one after the other."""
    client = Client(server.port)
    try:
        begun = time.perf_counter()
        for body in requests:
            client.post("/api/v2/alerts", body, _JSON)
        return time.perf_counter() - begun
    finally:
        client.close()


def _alert(number: int) -> dict[str, object]:
    host = f"host-{number}.example.org:9100"
    return {
        "labels": {
            "alertname": f"Alert{number % NAMES}",
            "cluster": "eu-1",
            "instance": host,
            "job": "node",
            "severity": "warning",
            "team": "platform",
        },
        "annotations": {
            "summary": f"{host} answers slowly",
            "description": "Half of the requests of the last 5 minutes took longer than 1 s.",
        },
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up&g0.tab=1",
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
