"""The same endpoints, scraped by Prometheus itself: the same series, dead and alive."""

import asyncio
import json
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from opsbook.core.clock import SystemClock
from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.exposition.canonical import canonical
from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.model import Matcher, is_absent, is_stale
from opsbook.metrics.scraping.scraper import Scraper
from opsbook.metrics.scraping.settings import ScrapeConfig
from opsbook.metrics.stores.embedded import Embedded
from tests.eventually import eventually
from tests.metrics.scraping.exposer import Exposer
from tests.requirement import needs_program
from tests.servers.loopback import free_port, serving
from tests.servers.process import accepts, running

FIRST = """\
# TYPE requests_total counter
requests_total{code="200"} 5
requests_total{code="500"} 1
clash{job="theirs",instance="their:1"} 1
clash{job="theirs",instance="their:2",exported_job="taken"} 2
empty_too{x=""} 1
vanishes{a="1"} 1
vanishes{a="2"} 1
dropped 1
renamed{zone="eu"} 7
special{path="C:\\\\dir",quote="\\"",line="a\\nb",u="ö"} NaN
infinite +Inf
"""
SECOND = "\n".join(line for line in FIRST.splitlines() if 'vanishes{a="2"}' not in line) + "\n"
EMPTY = 'a{instance="",job="theirs"} 1\n'
RULES = [
    {"source_labels": ["__name__"], "regex": "dropped", "action": "drop"},
    {"source_labels": ["__name__"], "regex": "re(named)", "target_label": "__name__"},
    {"source_labels": ["zone"], "target_label": "region", "replacement": "region-$1"},
    {"regex": "zone", "action": "labeldrop"},
]

Both = tuple[dict[Labels, str], dict[Labels, str]]
"""Ours and theirs: series that have not ended, and their last values."""


class Beside:
    """Both at work on the same endpoint."""

    def __init__(self, exposer: Exposer, port: int, store: Embedded) -> None:
        self._exposer, self._port, self._store = exposer, port, store

    async def after(self, **changes: Any) -> Both:
        """What both have when both have scraped the endpoint several times after a change."""
        for name, value in changes.items():
            setattr(self._exposer, name, value)
        self._exposer.requests.clear()
        await eventually(lambda: min(map(self._asked, ("Prometheus/", "opsbook/"))) >= 9, 30)
        return self._ours("extra", "1"), await self._theirs("extra", "1")

    async def of_itself(self) -> Both:
        """Its series change as it is asked, so both are compared until they agree."""
        for _ in range(20):
            theirs = await self._theirs("job", "itself")
            theirs = {_as_in_3(labels): "" for labels in theirs}
            ours = dict.fromkeys(self._ours("job", "itself"), "")
            if ours == theirs:
                break
            await asyncio.sleep(0.1)
        return ours, theirs

    def _asked(self, agent: str) -> int:
        return sum(f"User-Agent: {agent}" in request for request in self._exposer.requests)

    async def _theirs(self, label: str, value: str) -> dict[Labels, str]:
        query = urllib.parse.urlencode({"query": f'{{{label}="{value}"}}'})
        url = f"http://127.0.0.1:{self._port}/api/v1/query?{query}"
        answer = json.loads(await asyncio.to_thread(_get, url))
        return _comparable(
            (labels_of(each["metric"]), float(each["value"][1]))
            for each in answer["data"]["result"]
        )

    def _ours(self, label: str, value: str) -> dict[Labels, str]:
        return _comparable(self._last(label, value))

    def _last(self, label: str, value: str) -> Iterator[tuple[Labels, float]]:
        for frame in self._store.select((Matcher(label, "=", value),), 0, 2**60):
            absent, stale = is_absent(frame.values), is_stale(frame.values)
            for column, labels in enumerate(frame.labels):
                last = max(row for row in range(len(frame.times)) if not absent[row, column])
                if not stale[last, column]:
                    yield labels, float(frame.values[last, column])


def _as_in_3(labels: Labels) -> Labels:
    """Version 2 keeps bounds as they are written, `1`; version 3 writes `1.0`."""
    return tuple(
        (name, canonical(value) if name in ("le", "quantile") else value) for name, value in labels
    )


def _comparable(series: Iterable[tuple[Labels, float]]) -> dict[Labels, str]:
    """Values as text, for NaN is not even itself; how long a scrape took is no matter."""
    return {
        labels: "" if (NAME, "scrape_duration_seconds") in labels else str(value)
        for labels, value in series
    }


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def jobs(port: int, prometheus: int) -> list[dict[str, Any]]:
    timing = {"scrape_interval": "200ms", "scrape_timeout": "200ms"}
    static = [{"targets": [f"127.0.0.1:{port}"], "labels": {"zone": "ours", "extra": "1"}}]
    given = {"static_configs": static, **timing}
    return [
        {"job_name": "plain", **given},
        {"job_name": "honored", "honor_labels": True, **given},
        {"job_name": "relabelled", "metric_relabel_configs": RULES, **given},
        {"job_name": "limited", "sample_limit": 5, **given},
        {
            "job_name": "itself",
            "static_configs": [{"targets": [f"127.0.0.1:{prometheus}"]}],
            **timing,
        },
    ]


async def _observe(directory: Path, prometheus: int) -> dict[str, Both]:
    store, exposer = Embedded(), Exposer(FIRST)
    store.bind(directory / "metrics", SystemClock())
    store.start()
    async with serving(exposer) as port:
        configs = jobs(port, prometheus)
        (directory / "prometheus.yml").write_text(json.dumps({"scrape_configs": configs}))
        argv = [
            needs_program("prometheus"),
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{prometheus}",
            "--log.level=error",
        ]
        ours = [ScrapeConfig.model_validate(config) for config in configs]
        scraper = Scraper(ours, store, Catalogue(), SystemClock())
        with running(argv, directory, lambda: accepts(prometheus)):
            task = asyncio.create_task(scraper.run())
            beside = Beside(exposer, prometheus, store)
            observed = {
                "first": await beside.after(),
                "vanished": await beside.after(text=SECOND),
                "failing": await beside.after(status="500 x"),
                "empty": await beside.after(text=EMPTY, status="200 OK"),
                "itself": await beside.of_itself(),
            }
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    store.close()
    return observed


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Both]:
    """Ours and theirs, at each step of the same story."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_observe(tmp_path_factory.mktemp("beside"), free_port()))


def test_both_keep_the_same_series(observed: dict[str, Both]) -> None:
    ours, theirs = observed["first"]
    assert len(ours) > 50
    assert ours == theirs


@pytest.mark.parametrize("step", ["vanished", "failing"])
def test_for_both_the_same_series_have_ended(observed: dict[str, Both], step: str) -> None:
    ours, theirs = observed[step]
    assert len(ours) < len(observed["first"][0])
    assert ours == theirs


def test_an_empty_label_that_is_honoured_stays_empty(observed: dict[str, Both]) -> None:
    ours, theirs = observed["empty"]
    assert ours == theirs


def test_both_read_prometheus_itself(observed: dict[str, Both]) -> None:
    ours, theirs = observed["itself"]
    assert len(ours) > 300
    assert ours == theirs
