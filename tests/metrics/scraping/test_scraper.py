"""Targets come and go, and each is scraped."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

import prometheus_client
import pytest

from opsbook.core.clock import SystemClock
from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.scraping.scraper import Scraper
from opsbook.metrics.scraping.settings import ScrapeConfig
from opsbook.metrics.stores.embedded import Embedded
from tests.eventually import eventually
from tests.metrics.scraping.exposer import Exposer, make_config, samples, values
from tests.servers.loopback import serving, silent

FAST = {"scrape_interval": "100ms", "scrape_timeout": "100ms"}


@asynccontextmanager
async def scraping(store: Embedded, *configs: ScrapeConfig) -> AsyncIterator[Scraper]:
    scraper = Scraper(configs, store, Catalogue(), SystemClock())
    task = asyncio.create_task(scraper.run())
    try:
        yield scraper
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class TargetFile:
    """Targets in a file that is looked at all the time."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "targets.json"
        self.config = ScrapeConfig.model_validate(
            {
                "job_name": "job",
                "file_sd_configs": [{"files": [str(self._path)], "refresh_interval": "20ms"}],
                **FAST,
            }
        )

    def write(self, *ports: int, **labels: str) -> None:
        addresses = [f"127.0.0.1:{port}" for port in ports]
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps([{"targets": addresses, "labels": labels}]))
        new.replace(self._path)


def jobs(scraper: Scraper) -> dict[str, str]:
    return {status.job: status.health for status in scraper.targets()}


async def test_every_target_of_every_job_is_scraped(store: Embedded) -> None:
    async with serving(Exposer("a 1\n")) as one, serving(Exposer("b 1\n")) as other:
        configs = [make_config(one, **FAST), make_config(other, job_name="other", **FAST)]
        async with scraping(store, *configs) as scraper:
            await eventually(lambda: jobs(scraper) == {"job": "up", "other": "up"})
    assert set(values(store, "a", "b")) == {"a", "b"}


async def test_a_target_that_hangs_delays_no_other(store: Embedded) -> None:
    slow = {"scrape_interval": "2s", "scrape_timeout": "2s"}
    async with serving(silent) as hanging, serving(Exposer("a 1\n")) as well:
        configs = [make_config(hanging, job_name=f"slow {one}", **slow) for one in range(20)]
        async with scraping(store, *configs, make_config(well, **FAST)):
            await asyncio.sleep(1.0)
    times = [at for at, _ in samples(store, "a")["a"]]
    assert len(times) >= 8
    assert max(late - soon for soon, late in pairwise(times)) < 190


async def test_a_large_answer_that_is_being_read_delays_no_small_one(store: Embedded) -> None:
    large, done = "".join(f"large_{number} 1\n" for number in range(40_000)), threading.Event()
    async with serving(Exposer(large)) as heavy, serving(Exposer("a 1\n")) as light:
        configs = (make_config(heavy, job_name="heavy", **FAST), make_config(light, **FAST))
        async with scraping(store, *configs) as scraper:
            scraper._workshop.large.submit(done.wait)
            await asyncio.sleep(0.8)
            assert jobs(scraper) == {"job": "up", "heavy": "unknown"}
            done.set()
    assert len(values(store, "a")["a"]) >= 6


async def test_targets_come_and_go_and_the_others_do_not_notice(
    store: Embedded, tmp_path: Path
) -> None:
    file, first, second = TargetFile(tmp_path), Exposer("a 1\n"), Exposer("b 1\n")
    async with serving(first) as one, serving(second) as other:
        file.write(one)
        async with scraping(store, file.config) as scraper:
            await eventually(lambda: jobs(scraper) == {"job": "up"})
            file.write(one, other)
            await eventually(lambda: len(second.requests) > 1)
            file.write(one)
            await eventually(lambda: values(store, "b")["b"][-1] == "stale")
            assert len(scraper.targets()) == 1
    assert first.connections == 1
    assert "stale" not in values(store, "a")["a"]
    ended = {rows[-1] for name, rows in values(store).items() if name == "b"}
    assert ended == {"stale"}


async def test_a_target_that_comes_back_soon_has_no_gap(store: Embedded, tmp_path: Path) -> None:
    file, exposer = TargetFile(tmp_path), Exposer("a 1\n")
    async with serving(exposer) as port:
        file.write(port)
        async with scraping(store, file.config) as scraper:
            await eventually(lambda: len(exposer.requests) > 1)
            file.write()
            await eventually(lambda: not scraper.targets())
            file.write(port)
            await eventually(lambda: exposer.connections == 2)
            await asyncio.sleep(0.4)
    assert "stale" not in values(store, "a")["a"]


async def test_series_that_another_target_goes_on_with_do_not_end(
    store: Embedded, tmp_path: Path
) -> None:
    file = TargetFile(tmp_path)
    async with serving(Exposer("a 1\n")) as one, serving(Exposer("a 2\n")) as other:
        file.write(one, instance="the same")
        async with scraping(store, file.config):
            await eventually(lambda: 1.0 in values(store, "a").get("a", ()))
            file.write(other, instance="the same")
            await eventually(lambda: 2.0 in values(store, "a")["a"])
            await asyncio.sleep(0.4)
    assert "stale" not in values(store, "a", "up")["a"]


async def test_nothing_ends_with_opsbook_itself(store: Embedded) -> None:
    async with serving(Exposer("a 1\n")) as port:
        for _ in range(2):
            async with scraping(store, make_config(port, **FAST)) as scraper:
                await eventually(lambda: jobs(scraper) == {"job": "up"})
    assert "stale" not in values(store, "a")["a"]


async def test_what_relabelling_drops_is_shown_as_dropped(store: Embedded) -> None:
    config = make_config(1, relabel_configs=[{"regex": ".*", "action": "drop"}], **FAST)
    async with scraping(store, config) as scraper:
        await eventually(scraper.dropped)
    assert scraper.targets() == []
    assert dict(scraper.dropped()[0].discovered)["__address__"] == "127.0.0.1:1"


async def test_a_target_that_cannot_be_scraped_is_told_once(
    store: Embedded, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.metrics.scraping.scraper._TELL_EVERY", 0.02)
    rule = {"target_label": "__address__", "replacement": "with/slash"}
    async with scraping(store, make_config(1, relabel_configs=[rule], **FAST)) as scraper:
        await eventually(lambda: "with/slash" in caplog.text)
        await asyncio.sleep(0.1)
    assert caplog.text.count("with/slash' is no address") == 1
    assert len(scraper.problems()) == 1


async def test_metadata_of_a_target_that_is_gone_is_forgotten(
    store: Embedded, tmp_path: Path
) -> None:
    file, catalogue = TargetFile(tmp_path), Catalogue()
    async with serving(Exposer("# TYPE a gauge\na 1\n")) as port:
        file.write(port)
        scraper = Scraper([file.config], store, catalogue, SystemClock())
        task = asyncio.create_task(scraper.run())
        await eventually(catalogue.everything)
        file.write()
        await eventually(lambda: not catalogue.everything())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


async def test_a_program_with_the_usual_library_is_read(
    store: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prometheus_client.exposition._SilentHandler", Quiet)
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("jobs", "Jobs.", ["kind"], registry=registry).labels('a"\n').inc(3)
    prometheus_client.Histogram("wait_seconds", "Wait.", registry=registry).observe(0.3)
    server, thread = prometheus_client.start_http_server(0, "127.0.0.1", registry)
    try:
        async with scraping(store, make_config(server.server_port, **FAST)) as scraper:
            await eventually(lambda: jobs(scraper) == {"job": "up"})
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
    found = values(store, "jobs_total", "wait_seconds_sum")
    assert {name: rows[0] for name, rows in found.items()} == {
        'jobs_total{kind="a\\"\\n"}': 3.0,
        "wait_seconds_sum": 0.3,
    }
