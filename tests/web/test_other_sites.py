"""What pages of other sites send from the browser of somebody here."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import read_entries
from tests.eventually import eventually
from tests.web.alerting import alerting_at

OWN = "OWN"
"""Stands for the address of Opsbook itself."""
SILENCE = {
    "matchers": [{"name": "a", "value": "b", "isRegex": False, "isEqual": True}],
    "startsAt": "2099-01-01T00:00:00Z",
    "endsAt": "2099-01-01T01:00:00Z",
    "createdBy": "ada",
    "comment": "x",
}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        alerting_at(tmp_path) as address,
        httpx2.AsyncClient(base_url=address, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://proxy.example"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": OWN}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": OWN}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_only_programs_and_our_own_pages_change_something(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    own = str(client.base_url).rstrip("/")
    sent = {name: value.replace(OWN, own) for name, value in headers.items()}
    for path, body in (("/api/v2/silences", SILENCE), ("/api/v2/alerts", [])):
        assert (await client.post(path, json=body, headers=sent)).status_code == status
    made = (await client.get("/api/v2/silences")).json()
    assert len(made) == (1 if status == 200 else 0)


async def test_the_refusal_says_who_may(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/v2/alerts", json=[], headers={"Origin": "http://evil.example"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("sent by a page of http://evil.example: only")


async def test_the_attempt_is_recorded(client: httpx2.AsyncClient, tmp_path: Path) -> None:
    await client.post("/api/v2/alerts", json=[], headers={"Origin": "http://evil.example"})
    engine = connect(sqlite_url(tmp_path / "state.db"))

    def refused() -> list[str]:
        with reading(engine) as connection:
            return [each.subject for each in read_entries(connection, kind="access.refused")]

    await eventually(refused)
    assert refused() == ["POST /api/v2"]
    engine.dispose()


async def test_to_read_is_refused_to_no_page(client: httpx2.AsyncClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    answer = await client.get("/api/v2/silences", headers=headers)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
