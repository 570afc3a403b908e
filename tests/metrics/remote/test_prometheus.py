"""A real Prometheus that forwards what it scrapes: all of it arrives, once and unchanged."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from opsbook.core.clock import SystemClock
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.model import STALE, Matcher
from opsbook.metrics.remote.receiver import Receiver
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.storage.model import bits, samples
from tests.servers.loopback import free_port
from tests.servers.process import wait_until
from tests.servers.prometheus import Server, prometheus

NAN = 0x7FF8000000000001
"""Prometheus' own."""
CONFIG = """
global: {{scrape_interval: 200ms}}
scrape_configs:
  - {{job_name: itself, static_configs: [{{targets: ["{itself}"]}}]}}
  - {{job_name: fading, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}
remote_write:
  - url: http://127.0.0.1:{port}/api/v1/write
    metadata_config: {{send_interval: 500ms}}
"""


class Site(ThreadingHTTPServer):
    """Takes what is pushed, and has a metric that is not there for ever."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.receiver = receiver
        self.statuses: set[int] = set()
        self.fading = True


class Page(BaseHTTPRequestHandler):
    server: Site

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = self.headers["Content-Type"], self.headers["Content-Encoding"]
        answer = self.server.receiver.receive(body, *headers)
        self.server.statuses.add(answer.status)
        self.send_response(answer.status)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"fading 1\n" if self.server.fading else b"other 1\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    opened = Embedded()
    opened.bind(tmp_path_factory.mktemp("store"), SystemClock())
    opened.start()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def site(store: Embedded) -> Iterator[Site]:
    with Site(Receiver(store, Catalogue())) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    config = CONFIG.format(itself=f"127.0.0.1:{port}", port=site.server_port)
    with prometheus(tmp_path_factory.mktemp("prometheus"), config, port=port) as server:
        yield server


def held_by(server: Server, start: int, end: int) -> dict[Labels, dict[int, int]]:
    """Without staleness markers: its API does not show them."""
    question = {"query": f'{{job!=""}}[{end - start}ms]', "time": f"{end / 1000}"}
    return {
        labels_of(each["metric"]): {
            round(at * 1000): NAN if value == "NaN" else bits(float(value))
            for at, value in each["values"]
        }
        for each in server.ask("query", question)["result"]
    }


def test_every_sample_that_was_forwarded_is_there_once(
    server: Server, store: Embedded, site: Site
) -> None:
    matchers = (Matcher("job", "!=", ""),)
    # It takes five seconds until it begins to scrape.
    wait_until(lambda: store.stats().newest is not None)
    start = int(time.time() * 1000)
    end = start + 1_500
    wait_until(lambda: (store.stats().newest or 0) > end + 500)
    expected = held_by(server, start, end)
    found = samples(store.select(matchers, start, end))
    shown = {
        labels: {at: value for at, value in held.items() if value != bits(float(STALE))}
        for labels, held in found.items()
    }
    assert len(expected) > 300
    assert {labels: held for labels, held in shown.items() if held} == expected
    assert site.statuses == {204}


def test_a_metric_that_goes_ends_with_a_staleness_marker(
    server: Server, store: Embedded, site: Site
) -> None:
    fading = (Matcher("__name__", "=", "fading"),)

    def values() -> list[int]:
        found = samples(store.select(fading, 0, 2**53))
        return [value for held in found.values() for value in held.values()]

    wait_until(lambda: bits(1.0) in values())
    site.fading = False
    wait_until(lambda: values()[-1:] == [bits(float(STALE))])


def test_what_the_metrics_are_comes_with_them(server: Server, site: Site) -> None:
    catalogue = site.receiver._catalogue
    wait_until(lambda: bool(catalogue.everything("prometheus_build_info")))
    (said,) = catalogue.everything("prometheus_build_info")["prometheus_build_info"]
    assert (said.type, "version" in said.help) == ("gauge", True)
