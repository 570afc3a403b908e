"""One target is scraped again and again."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from opsbook.core.clock import SystemClock
from opsbook.metrics.metadata import Catalogue
from opsbook.metrics.scraping.course import Course, Workshop
from opsbook.metrics.store import StoreError
from opsbook.metrics.stores.embedded import Embedded
from tests.eventually import eventually
from tests.metrics.scraping.exposer import Exposer, make_target, samples, values
from tests.servers.loopback import Handler, closing, free_port, serving, silent

HELP = "# HELP a What it is.\n# TYPE a gauge\na 1\n"


class JumpingClock(SystemClock):
    """A wall clock that somebody sets."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture
def workshop(store: Embedded) -> Iterator[Workshop]:
    small, large = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    yield Workshop(store, Catalogue(), JumpingClock(), small, large)
    for thread in (small, large):
        thread.shutdown()


@asynccontextmanager
async def running(workshop: Workshop, port: int, **settings: Any) -> AsyncIterator[Course]:
    settings = {"scrape_interval": "100ms", "scrape_timeout": "100ms", **settings}
    course = Course(make_target(port, **settings), workshop)
    task = asyncio.create_task(course.run())
    try:
        yield course
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def scrapes(workshop: Workshop, most: int) -> Callable[[], bool]:
    return lambda: len(values(workshop.store, "up").get("up", ())) >= most


async def test_scrapes_are_an_interval_apart(workshop: Workshop) -> None:
    async with serving(Exposer("a 1\n")) as port, running(workshop, port, scrape_interval="200ms"):
        await eventually(scrapes(workshop, 5))
    times = [at for at, _ in samples(workshop.store, "a")["a"]]
    offsets = {(at + 100) % 200 for at in times}
    assert max(offsets) - min(offsets) < 40
    assert [round((late - soon) / 200) for soon, late in pairwise(times)] == [1] * 4


async def test_a_target_that_goes_down_and_comes_back(workshop: Workshop) -> None:
    exposer = Exposer(HELP)
    async with serving(exposer) as port, running(workshop, port) as course:
        assert course.status.health == "unknown"
        await eventually(lambda: course.status.health == "up")
        exposer.status = "500 x"
        await eventually(lambda: course.status.health == "down")
        assert "HTTP status 500" in course.status.error
        exposer.status = "200 OK"
        await eventually(lambda: course.status.health == "up")
        assert course.status.error == ""
    rows = values(workshop.store, "a")["a"]
    assert rows.count("stale") == 1
    assert set(values(workshop.store, "up")["up"]) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("exposer", "reason"),
    [
        (Exposer("a 1\nb\n"), "line 2"),
        (Exposer("<html>", content_type="text/html"), "text/html"),
        (silent, "no whole answer"),
        (closing, "closed|reset"),
    ],
)
async def test_a_scrape_that_cannot_be_read_is_down(
    workshop: Workshop, exposer: Handler, reason: str
) -> None:
    async with serving(exposer) as port, running(workshop, port) as course:
        await eventually(lambda: course.status.health == "down")
        await eventually(scrapes(workshop, 2))
    assert values(workshop.store, "up")["up"][:2] == [0.0, 0.0]


async def test_what_metrics_are_is_noted_under_the_target(workshop: Workshop) -> None:
    async with serving(Exposer(HELP)) as port, running(workshop, port) as course:
        await eventually(lambda: course.status.health == "up")
    assert workshop.catalogue.of(course.target.key)["a"].help == "What it is."


async def test_json_is_scraped_by_its_paths(workshop: Workshop) -> None:
    exposer = Exposer('{"n": 3}', content_type="application/json")
    async with serving(exposer) as port, running(workshop, port, json={"m": {"path": "n"}}):
        await eventually(scrapes(workshop, 1))
    assert values(workshop.store, "m")["m"][0] == 3.0


async def test_trouble_is_told_when_it_changes(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    exposer = Exposer(status="500 x")
    async with serving(exposer) as port, running(workshop, port) as course:
        await eventually(scrapes(workshop, 4))
        exposer.status = "200 OK"
        await eventually(lambda: course.status.health == "up")
        await asyncio.sleep(0.2)
    told = [record.levelname for record in caplog.records if "job job" in record.message]
    assert told == ["WARNING", "INFO"]


async def test_a_store_that_refuses_does_not_end_the_course(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("the disk is gone")

    async with serving(Exposer("a 1\n")) as port, running(workshop, port) as course:
        with monkeypatch.context() as patched:
            patched.setattr(Embedded, "append_row", refuse)
            await eventually(lambda: course.status.error == "the disk is gone")
        await eventually(scrapes(workshop, 1))
    assert "the disk is gone" in caplog.text


async def test_a_fault_of_our_own_does_not_end_the_course(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Exposer("a 1\n")) as port, running(workshop, port) as course:
        with monkeypatch.context() as patched:
            patched.setattr(course, "_reader", None)
            await eventually(lambda: "AttributeError" in course.status.error)
            await asyncio.sleep(0.3)
        await eventually(lambda: course.status.health == "up")
    assert caplog.text.count("Traceback") == 1


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0, -300.0])
async def test_a_clock_that_jumps_neither_stops_scraping_nor_floods(
    workshop: Workshop, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    exposer = Exposer("a 1\n")
    async with serving(exposer) as port, running(workshop, port):
        await eventually(lambda: len(exposer.requests) >= 2)
        monkeypatch.setattr(JumpingClock, "ahead", jump)
        before = len(exposer.requests)
        await asyncio.sleep(0.55)
        assert 3 <= len(exposer.requests) - before <= 7


async def test_a_scrape_under_way_is_left_when_the_course_ends(workshop: Workshop) -> None:
    settings = {"scrape_interval": "60s", "scrape_timeout": "60s"}
    async with serving(silent) as port, running(workshop, port, **settings) as course:
        scrape = asyncio.create_task(course._scrape(0))
        await asyncio.sleep(0.05)
        scrape.cancel()
        await asyncio.gather(scrape, return_exceptions=True)
    assert course._fetcher._connection is None


async def test_nobody_listens(workshop: Workshop) -> None:
    async with running(workshop, free_port()) as course:
        await eventually(lambda: course.status.health == "down")
    assert "refused" in course.status.error
