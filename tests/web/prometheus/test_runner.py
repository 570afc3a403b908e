"""Queries that take long: they end in time, go with their client, and hold nobody else up."""

import asyncio
import http.client
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from starlette.requests import Request

from opsbook.metrics.promql.query import Limits
from opsbook.web.prometheus.errors import ApiError
from opsbook.web.prometheus.runner import Runner, Stopped
from opsbook.web.prometheus.sources import Sources
from tests.eventually import eventually
from tests.web.prometheus.conftest import Held
from tests.web.prometheus.served import Client, embedded, served

HEAVY = {
    "query": "quantile_over_time(0.9, vector(time())[1d:1s])",
    "start": "100000",
    "end": "110999",
    "step": "1",
}
"""A range that takes many seconds."""


class Connection:
    """A request of which only its end is still to come."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


def request() -> Request:
    return cast("Request", Connection())


def until_stopped(stopped: Stopped) -> str:
    while not stopped():
        time.sleep(0.002)
    return "stopped"


async def test_work_gives_what_it_returns_and_raises() -> None:
    runner = Runner()
    assert await runner.run(request(), 5, lambda stopped: "found") == "found"
    with pytest.raises(ApiError, match="no such thing"):
        await runner.run(request(), 5, lambda stopped: fail())


def fail() -> str:
    raise ApiError("not_found", "no such thing")


async def test_work_is_stopped_when_its_client_goes() -> None:
    connection = Connection()
    running = asyncio.create_task(Runner().run(cast("Request", connection), 60, until_stopped))
    await asyncio.sleep(0.02)
    connection.gone.set()
    assert await asyncio.wait_for(running, 2) == "stopped"


async def test_work_is_stopped_when_its_time_is_over() -> None:
    ended = threading.Event()

    def work(stopped: Stopped) -> None:
        until_stopped(stopped)
        ended.set()

    with pytest.raises(ApiError, match="timed out") as refused:
        await Runner().run(request(), 0.05, work)
    assert (refused.value.type, refused.value.status) == ("timeout", 503)
    await eventually(ended.is_set)


async def test_work_is_stopped_when_nobody_waits_for_it_any_more() -> None:
    ended = threading.Event()

    def work(stopped: Stopped) -> None:
        until_stopped(stopped)
        ended.set()

    running = asyncio.create_task(Runner().run(request(), 60, work))
    await asyncio.sleep(0.02)
    running.cancel()
    await eventually(ended.is_set)


async def test_one_too_many_waits_for_its_turn_and_not_for_ever() -> None:
    runner = Runner(at_once=1, patience=0.05)
    connection = Connection()
    first = asyncio.create_task(runner.run(cast("Request", connection), 60, until_stopped))
    await asyncio.sleep(0.02)
    with pytest.raises(ApiError, match="1 queries are running") as refused:
        await runner.run(request(), 60, lambda stopped: "second")
    assert (refused.value.type, refused.value.status) == ("unavailable", 503)
    connection.gone.set()
    await first
    assert await runner.run(request(), 60, lambda stopped: "third") == "third"


async def test_a_turn_is_taken_as_long_as_the_work_really_takes() -> None:
    runner, free = Runner(at_once=1, patience=0.05), threading.Event()
    with pytest.raises(ApiError, match="timed out"):
        await runner.run(request(), 0, lambda stopped: free.wait(10))
    with pytest.raises(ApiError, match="queries are running"):
        await runner.run(request(), 60, lambda stopped: "too early")
    free.set()
    assert await runner.run(request(), 60, lambda stopped: "in time") == "in time"


def test_other_paths_answer_at_once_while_a_query_runs(held: Held) -> None:
    asking = threading.Thread(
        target=lambda: held.client.get("/api/v1/query_range", params={**HEAVY, "timeout": "2s"})
    )
    asking.start()
    host = held.client.address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    waits = []
    while asking.is_alive():
        began = time.perf_counter()
        connection.request("GET", "/-/healthy")
        assert connection.getresponse().read() == b"opsbook is healthy\n"
        waits.append(time.perf_counter() - began)
        time.sleep(0.005)
    connection.close()
    assert len(waits) > 20
    # The machine that tests may itself be busy for a moment.
    assert sorted(waits)[len(waits) * 95 // 100] < 0.05


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that allows little."""
    sources = Sources(limits=Limits(samples=1000, seconds=1.0))
    with embedded(tmp_path_factory.mktemp("narrow")) as store, served(store, sources) as client:
        yield client


def test_a_query_ends_at_the_timeout_that_it_names(held: Held) -> None:
    began = time.monotonic()
    answer = held.client.get("/api/v1/query_range", params={**HEAVY, "timeout": "300ms"})
    assert time.monotonic() - began < 1.5
    assert (answer.status_code, answer.json()["errorType"]) == (503, "timeout")


def test_too_many_samples_are_refused_in_the_words_of_prometheus(narrow: Client) -> None:
    answer = narrow.get("/api/v1/query", params={"query": "max_over_time(vector(1)[1d:1s])"})
    assert (answer.status_code, answer.json()) == (
        422,
        {
            "status": "error",
            "errorType": "execution",
            "error": "query processing would load too many samples into memory in query execution",
        },
    )
