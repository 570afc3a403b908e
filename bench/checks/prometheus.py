"""Debian's Prometheus, which scrapes a blackbox exporter for each check."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench.checks.blackbox import MODULE
from bench.processes import Process, running, until
from bench.service import Service, free_port

PROGRAM = "prometheus"


@contextmanager
def prometheus(
    place: Path, target: Service, exporter: str, count: int, every: str
) -> Iterator[tuple[Process, str]]:
    """Prometheus running on so many targets, with its storage in `place`; and its address."""
    file, address = place / "prometheus.yml", f"127.0.0.1:{free_port()}"
    file.write_text(json.dumps(_configuration(target, exporter, count, every)), encoding="utf-8")
    words = [
        PROGRAM,
        f"--config.file={file}",
        f"--storage.tsdb.path={place / 'tsdb'}",
        f"--web.listen-address={address}",
    ]
    with running(words, log=place / "prometheus.log") as process:
        until(lambda: probes_up(address) is not None, f"{PROGRAM} answers at {address}")
        yield process, address


def probes_up(address: str) -> int | None:
    """How many probes have succeeded last; None while it does not answer."""
    query = urlencode({"query": "sum(probe_success)"})
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/query?{query}", timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
    except OSError:
        return None
    return int(found[0]["value"][1]) if found else 0


def _configuration(target: Service, exporter: str, count: int, every: str) -> dict[str, object]:
    job = {
        "job_name": "bench",
        "metrics_path": "/probe",
        "params": {"module": [MODULE]},
        "static_configs": [{"targets": [f"{target.url}{number}" for number in range(count)]}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": exporter},
        ],
    }
    return {
        "global": {"scrape_interval": every, "scrape_timeout": "5s"},
        "scrape_configs": [job],
    }
