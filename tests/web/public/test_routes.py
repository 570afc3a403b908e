"""The page over HTTP, as anybody gets it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from opsbook.core.clock import Clock, ManualClock
from opsbook.services.history.reader import HistoryReader
from opsbook.web.public.model import PublicStatus
from opsbook.web.public.page import POLICY
from opsbook.web.public.past import Past
from opsbook.web.public.routes import status_page_routes
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.public.view import PublicView
from opsbook.web.settings import WebSettings
from tests.services.platform import Platform, one_service
from tests.web.public.site import SMALL, publish, visited

PATHS = ("/status", "/status.json")


async def test_anybody_may_read_it_and_nothing_is_kept_about_them(tmp_path: Path) -> None:
    async with visited(publish(one_service(tmp_path)), tmp_path / "data") as (_, client):
        for path, kind in zip(PATHS, ("text/html; charset=utf-8", "application/json"), strict=True):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
            assert answer.headers["cache-control"] == "public, max-age=10"
            assert answer.headers["content-security-policy"] == POLICY
            assert "set-cookie" not in answer.headers


async def test_it_is_open_also_where_nothing_else_is(tmp_path: Path) -> None:
    web = WebSettings(port=0, sign_in="always")
    async with visited(publish(one_service(tmp_path)), tmp_path / "data", web) as (_, client):
        answers = [await client.get(path) for path in ("/api/status", *PATHS)]
        assert [each.status_code for each in answers] == [401, 200, 200]


async def test_who_has_it_already_is_told_so(tmp_path: Path) -> None:
    async with visited(publish(one_service(tmp_path)), tmp_path / "data") as (_, client):
        for path in PATHS:
            first = await client.get(path)
            mark = first.headers["etag"]
            for known in (mark, f"W/{mark}", f'"other", {mark}', "*"):
                again = await client.get(path, headers={"If-None-Match": known})
                assert (again.status_code, again.content) == (304, b"")
                assert again.headers["etag"] == mark
            assert (await client.get(path, headers={"If-None-Match": '"x"'})).status_code == 200
            head = await client.head(path)
            assert (head.status_code, head.headers["etag"], head.content) == (200, mark, b"")


async def test_it_stands_where_the_book_says_also_below_a_prefix(tmp_path: Path) -> None:
    book = publish(one_service(tmp_path), path="/how/it-stands")
    web = WebSettings(port=0, prefix="/ops")
    async with visited(book, tmp_path / "data", web) as (_, client):
        for path in ("how/it-stands", "how/it-stands.json"):
            assert (await client.get(path)).status_code == 200
        found = PublicStatus.model_validate_json((await client.get("how/it-stands.json")).text)
        assert found.title == "Example"


async def test_without_the_section_there_is_none(tmp_path: Path) -> None:
    async with visited(one_service(tmp_path), tmp_path / "data") as (platform, client):
        assert not {"/status.json"} & platform.app.front.api.openapi()["paths"].keys()
        for path in PATHS:
            assert POLICY not in (await client.get(path)).headers.values()


async def test_its_json_is_in_the_document_of_the_api(tmp_path: Path) -> None:
    async with visited(publish(one_service(tmp_path)), tmp_path / "data") as (platform, _):
        told = platform.app.front.api.openapi()["paths"]["/status.json"]["get"]
        assert set(told["responses"]) >= {"200", "304"}


class Slow(PublicView):
    """Counts how often it is read, and takes until it is let go."""

    reads = 0

    def __init__(self, platform: Platform, clock: Clock) -> None:
        app, settings = platform.app, StatusPageSettings.model_validate(SMALL)
        past = Past(HistoryReader(app.engine), {"a": app.services.keepers["a"].checks}, 90)
        super().__init__(settings, app.services, past, app.engine, clock)
        self.may = asyncio.Event()

    async def status(self) -> PublicStatus:
        self.reads += 1
        await self.may.wait()
        return await super().status()


@dataclass
class Crowd:
    """Many who look at a page on a clock that is moved by hand."""

    view: Slow
    clock: ManualClock
    client: httpx2.AsyncClient

    async def look(self, count: int = 1) -> set[str]:
        """The marks of what they get."""
        asked = (self.client.get(path) for path in PATHS for _ in range(count))
        return {each.headers["etag"] for each in await asyncio.gather(*asked)}


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Crowd]:
    clock, api = ManualClock(), FastAPI()
    async with visited(one_service(tmp_path), tmp_path / "data") as (platform, _):
        view = Slow(platform, clock)
        api.include_router(status_page_routes(view, clock))
        transport = httpx2.ASGITransport(app=api)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Crowd(view, clock, client)


async def test_a_crowd_costs_one_reading_in_ten_seconds(crowd: Crowd) -> None:
    looking = asyncio.create_task(crowd.look(50))
    await asyncio.sleep(0.05)
    crowd.view.may.set()
    marks = await looking
    assert (len(marks), crowd.view.reads) == (2, 1)
    crowd.clock.advance(9.9)
    assert (await crowd.look(50), crowd.view.reads) == (marks, 1)
    crowd.clock.advance(0.2)
    await crowd.client.get("/status")
    assert not await crowd.look() & marks
    assert crowd.view.reads == 2


async def test_nobody_waits_while_a_newer_one_is_made(crowd: Crowd) -> None:
    crowd.view.may.set()
    before = await crowd.look()
    crowd.view.may.clear()
    crowd.clock.advance(11)
    first = asyncio.create_task(crowd.client.get("/status"))
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(crowd.look(10), 5) == before
    crowd.view.may.set()
    assert (await first).headers["etag"] not in before


async def test_nobody_gets_one_that_nobody_has_looked_at_for_long(crowd: Crowd) -> None:
    crowd.view.may.set()
    before = await crowd.look()
    crowd.view.may.clear()
    crowd.clock.advance(61)
    looking = asyncio.create_task(crowd.look(10))
    await asyncio.sleep(0.05)
    assert not looking.done()
    crowd.view.may.set()
    assert not await looking & before
