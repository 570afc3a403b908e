"""Real clients: promtool, the Python client, and a Prometheus that federates."""

import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_api_client import PrometheusConnect

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import running, wait_until
from tests.web.prometheus.conftest import COUNT, Held
from tests.web.prometheus.served import Client


def promtool(*words: str, told: str | None = None) -> str:
    command = [needs_program("promtool", "prometheus"), *words]
    ran = subprocess.run(command, input=told, capture_output=True, text=True, timeout=30)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_promtool_asks_at_a_time_and_over_a_range(held: Held) -> None:
    address, end = held.client.address, str(held.end)
    assert '{instance="a:1", job="api"} => 1 @' in promtool(
        "query", "instant", f"--time={end}", address, "up"
    )
    ranged = promtool(
        "query", "range", f"--start={held.begin}", f"--end={end}", "--step=1m", address, "gone"
    )
    assert ranged.count("1 @[") > 10


def test_promtool_finds_series_and_values(held: Held) -> None:
    address = held.client.address
    found = promtool("query", "series", "--match=up", '--match={job="db"}', address)
    assert len(found.splitlines()) == 5
    assert promtool("query", "labels", address, "job") == "api\ndb\n"
    told = promtool("query", "instant", "-o", "json", f"--time={held.end}", address, "sum(up)")
    assert json.loads(told)[0]["value"][1] == "2"


def test_promtool_reads_what_is_federated(held: Held) -> None:
    text = held.client.get("/federate", params={"match[]": "up"}).text
    checked = subprocess.run(
        [needs_program("promtool", "prometheus"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
    )
    # It asks for help texts, of which a federation has none; it can read everything.
    assert {line.split(" ", 1)[1] for line in checked.stderr.splitlines()} <= {"no help text"}


@pytest.fixture
def connected(held: Held) -> PrometheusConnect:
    return PrometheusConnect(url=held.client.address)


def test_the_python_client_finds_metrics_and_labels(connected: PrometheusConnect) -> None:
    assert connected.all_metrics() == [
        "gone",
        "load",
        "requests_total",
        "took_seconds_bucket",
        "up",
    ]
    assert connected.get_label_values("job") == ["api", "db"]
    assert "instance" in connected.get_label_names()
    assert connected.get_targets() == {
        "activeTargets": [],
        "droppedTargets": [],
        "droppedTargetCounts": {},
    }
    assert connected.get_metric_metadata("up") == []


def test_the_python_client_reads_values(held: Held, connected: PrometheusConnect) -> None:
    now = connected.get_current_metric_value("up", {"instance": "a:1"})
    assert [each["value"][1] for each in now] == ["1"]
    at = {"time": held.end}
    assert connected.custom_query("sum(up)", params=at)[0]["value"] == [held.end, "2"]
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (held.begin, held.end))
    ranged = connected.custom_query_range("up", begin, end, "15s")
    assert {len(each["values"]) for each in ranged} == {COUNT}
    data = connected.get_metric_range_data("up", start_time=begin, end_time=end)
    assert {each["metric"]["job"] for each in data} == {"api", "db"}


def test_a_prometheus_federates(held: Held, tmp_path: Path) -> None:
    there = Client(f"http://127.0.0.1:{free_port()}")
    job = {
        "job_name": "federate",
        "honor_labels": True,
        "scrape_interval": "200ms",
        "scrape_timeout": "200ms",
        "metrics_path": "/federate",
        "params": {"match[]": ['{job=~".+"}']},
        "static_configs": [{"targets": [held.client.address.removeprefix("http://")]}],
    }
    config = json.dumps({"scrape_configs": [job]})
    (tmp_path / "prometheus.yml").write_text(config, encoding="utf-8")
    address = there.address.removeprefix("http://")
    argv = [needs_program("prometheus"), "--config.file=prometheus.yml"]
    argv += [f"--web.listen-address={address}", f"--storage.tsdb.path={tmp_path}/data"]

    def ready() -> bool:
        try:
            return there.get("/-/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def federated() -> bool:
        return bool(there.data("/query", query="requests_total")["result"])

    with running(argv, tmp_path, ready):
        wait_until(federated)
        asked = {"query": "requests_total", "time": time.time()}
        theirs = there.data("/query", **asked)["result"]
        ours = held.client.data("/query", **asked)["result"]
    assert by_instance(theirs) == by_instance(ours)


def by_instance(result: list[dict[str, Any]]) -> dict[str, Any]:
    """Each series with its value."""
    return {each["metric"]["instance"]: (each["metric"], each["value"][1]) for each in result}
