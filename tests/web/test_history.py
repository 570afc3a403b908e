"""Histories over HTTP; what they say is tested where they are made."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.web.client import answering


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with answering(tmp_path) as (platform, client):
        await platform.app.ledger.flush(within=5)
        yield client


async def test_a_check_has_as_many_bars_as_are_asked_for(client: httpx2.AsyncClient) -> None:
    asked = {"days": 7, "bars": 14}
    found = (await client.get("/api/checks/a-greets/history", params=asked)).json()
    assert (len(found["bars"]), found["bar_seconds"]) == (14, 43_200.0)
    assert (found["bars"][-1]["state"], found["availability_percent"]) == ("up", 100.0)


async def test_the_overview_has_the_states_of_all_services(client: httpx2.AsyncClient) -> None:
    found = (await client.get("/api/history", params={"bars": 3})).json()
    assert found["services"] == [
        {"name": "a", "states": ["unknown", "unknown", "up"], "availability_percent": 100.0}
    ]


async def test_other_periods_are_refused_with_those_there_are(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/history", params={"days": 2})
    assert answer.status_code == 422
    assert "give one of 1, 7, 30, 90 days" in answer.json()["detail"]


@pytest.mark.parametrize("what", ["checks", "services"])
async def test_what_is_not_there_has_no_history(client: httpx2.AsyncClient, what: str) -> None:
    assert (await client.get(f"/api/{what}/nobody/history")).status_code == 404
