"""A real Prometheus scrapes the same bodies: it reads and refuses what we do.

Debian's is of version 2: what came with 3 (names in quotes) is not asked of it.
"""

import contextlib
import http.server
import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.exposition.reader import ExpositionError, Reader
from tests.metrics.exposition import cases
from tests.metrics.exposition.bodies import OPENMETRICS, TEXT
from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import running, wait_until

SCRAPES = [
    *[(body, TEXT) for body in cases.TEXT_READ],
    *[(wrong.body, TEXT) for wrong in cases.TEXT_WRONG],
    *[(body, OPENMETRICS) for body in cases.OPENMETRICS_READ],
    *[(wrong.body, OPENMETRICS) for wrong in cases.OPENMETRICS_WRONG],
]
Found = dict[int, dict[Labels, float]]
OF_THE_TARGET = {"job", "instance", "case", "scraped"}


class Targets(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body, content_type = SCRAPES[int(self.path[1:])]
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def serving() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Targets) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


NOT_ANSWERED = ("context deadline exceeded", "connection re")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """By the index of the scrape: the series that Prometheus read; nothing where it refused."""
    program, port = needs_program("prometheus"), free_port()
    directory: Path = tmp_path_factory.mktemp("prometheus")
    with serving() as target:
        (directory / "prometheus.yml").write_text(json.dumps(configuration(target)))
        words = [
            f"--config.file={directory}/prometheus.yml",
            f"--storage.tsdb.path={directory}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with running([program, *words], directory, lambda: is_ready(port)):
            wait_until(lambda: len(scraped_targets(port)) == len(SCRAPES))
            read = [target for target in scraped_targets(port) if target["health"] == "up"]
            series: Found = {int(target["labels"]["case"]): {} for target in read}
            for sample in query(port, '{scraped="yes"}'):
                pairs = {name: sample["metric"][name] for name in sample["metric"]}
                index = int(pairs["case"])
                own = {name: pairs[name] for name in pairs.keys() - OF_THE_TARGET}
                series[index][labels_of(own)] = float(sample["value"][1])
            yield series


def configuration(port: int) -> object:
    targets = [
        {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"__metrics_path__": f"/{index}", "case": str(index)},
        }
        for index in range(len(SCRAPES))
    ]
    job = {
        "job_name": "cases",
        "scrape_interval": "2s",
        "honor_timestamps": False,
        "static_configs": targets,
        "metric_relabel_configs": [{"target_label": "scraped", "replacement": "yes"}],
    }
    return {"scrape_configs": [job]}


def is_ready(port: int) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=10).close()
        return True
    return False


def scraped_targets(port: int) -> list[Any]:
    """Those of which it is known whether Prometheus reads them: one that did not answer in time is
    scraped again."""
    active = asked(port, "/api/v1/targets", state="active")["activeTargets"]
    return [
        target
        for target in active
        if target["health"] != "unknown"
        and not any(each in target["lastError"] for each in NOT_ANSWERED)
    ]


def query(port: int, expression: str) -> Any:
    return asked(port, "/api/v1/query", query=expression)["result"]


def asked(port: int, path: str, **words: str) -> Any:
    url = f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(words)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]


def ours(body: bytes, content_type: str) -> dict[Labels, float] | None:
    try:
        found = Reader().read(body, content_type)
    except ExpositionError:
        return None
    named = (labels_of(dict(labels)) for labels in found.labels)
    return dict(zip(named, found.values.tolist(), strict=True))


@pytest.mark.parametrize(
    "index", [pytest.param(index, id=repr(body)) for index, (body, _) in enumerate(SCRAPES)]
)
def test_prometheus_reads_the_same(index: int, found: Found) -> None:
    body, content_type = SCRAPES[index]
    mine, theirs = ours(body, content_type), found.get(index)
    assert (mine is None) == (theirs is None)
    if mine is not None and theirs is not None:
        assert mine == pytest.approx(theirs, rel=0, abs=0, nan_ok=True)
