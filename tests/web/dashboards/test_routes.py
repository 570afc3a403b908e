"""`/api/dashboards`"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from opsbook.web.dashboards.dashboards import Dashboards
from opsbook.web.dashboards.routes import dashboard_routes

CONTENT = {"dashboard": {"uid": "u", "title": "T", "panels": [{"type": "pie"}]}, "meta": {"v": 1}}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    (tmp_path / "a.json").write_text(json.dumps(CONTENT))
    (tmp_path / "b.json").write_text("{")
    api = FastAPI()
    api.include_router(dashboard_routes(Dashboards([tmp_path / "*.json"])))
    transport = httpx2.ASGITransport(api)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_the_list_has_each_with_what_is_not_understood(client: httpx2.AsyncClient) -> None:
    first, second = (await client.get("/api/dashboards")).json()
    assert (first["uid"], first["title"], first["readable"]) == ("u", "T", True)
    assert "dashboard.panels[0].type" in first["problems"][0]
    assert (second["uid"], second["readable"]) == ("b", False)


async def test_one_is_as_its_file_has_it(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/dashboards/u")).json() == CONTENT


async def test_a_file_that_is_no_dashboard_is_told_with_the_reason(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.get("/api/dashboards/b")
    assert answer.status_code == 404
    assert "not JSON" in answer.json()["detail"]


async def test_one_that_there_is_not_is_told(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/dashboards/nothing")
    assert answer.status_code == 404
    assert "'nothing'" in answer.json()["detail"]
