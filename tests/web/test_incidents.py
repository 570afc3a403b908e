"""The API of incidents."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.state.people import Role
from opsbook.web.settings import WebSettings
from tests.book.books import write_book
from tests.services.platform import watched
from tests.web.test_alerts import headers

BOOK = """
platform: {name: small}
alerts:
  route: {receiver: team}
  receivers: [{name: team}]
incidents:
  contacts: {ada: {receiver: team}}
  escalation: [{name: L1, contacts: [ada]}, {name: L2, contacts: [ada], after: 15m}]
"""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    book, data = write_book(tmp_path, BOOK), tmp_path / "data"
    async with (
        watched(book, data, WebSettings(port=0)) as platform,
        httpx2.AsyncClient(
            base_url=platform.app.web.address, headers=headers(data), trust_env=False
        ) as client,
    ):
        yield client


async def opened(client: httpx2.AsyncClient, **more: Any) -> dict[str, Any]:
    asked = {"title": "search is slow", "severity": "P1", **more}
    answer = await client.post("/api/incidents", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_severities_are_those_of_the_book_the_worst_first(
    client: httpx2.AsyncClient,
) -> None:
    found = (await client.get("/api/incidents/severities")).json()
    assert [each["name"] for each in found] == ["critical", "high", "medium", "low"]
    assert (found[0]["aliases"], found[0]["respond_within_seconds"]) == (["P1"], 900)
    unknown = {"title": "search is slow", "severity": "P9"}
    assert (await client.post("/api/incidents", json=unknown)).status_code == 400


async def test_it_is_opened_taken_remarked_on_and_closed(client: httpx2.AsyncClient) -> None:
    made = await opened(client)
    assert (made["state"], made["severity"], made["opened_by"]) == ("open", "critical", "ada")
    path = f"/api/incidents/{made['id']}"
    taken = (await client.post(f"{path}/ack", json={"note": "on it"})).json()
    assert (taken["state"], taken["owner"]) == ("acknowledged", "ada")
    for verb in ("note", "status"):
        assert (await client.post(f"{path}/{verb}", json={"text": "x"})).status_code == 200
    done = {"resolution": "more memory", "lessons": "watch it"}
    assert (await client.post(f"{path}/close", json=done)).json()["state"] == "closed"
    story = (await client.get(path)).json()
    kinds = [each["kind"] for each in story["timeline"] if each["kind"].startswith("incident.")]
    assert [kind for kind in kinds if kind != "incident.paged"] == [
        "incident.opened",
        "incident.acknowledged",
        "incident.noted",
        "incident.updated",
        "incident.closed",
    ]
    assert (story["resolution"], story["lessons"]) == ("more memory", "watch it")


async def test_lists_are_filtered_and_closed_ones_are_left_out(client: httpx2.AsyncClient) -> None:
    first, second = await opened(client), await opened(client, severity="low")
    close = {"resolution": "done"}
    await client.post(f"/api/incidents/{first['id']}/close", json=close)

    async def listed(**asked: Any) -> list[str]:
        return [each["id"] for each in (await client.get("/api/incidents", params=asked)).json()]

    assert await listed() == [second["id"]]
    assert await listed(state=["open", "closed"]) == [second["id"], first["id"]]
    assert await listed(state="closed", severity="P1") == [first["id"]]
    assert await listed(state=["open", "closed"], limit=1) == [second["id"]]


async def test_what_comes_next_is_shown(client: httpx2.AsyncClient) -> None:
    made = await opened(client)

    async with asyncio.timeout(10):
        while not (found := (await client.get(f"/api/incidents/{made['id']}")).json())["paged"]:
            await asyncio.sleep(0.02)
    assert (found["paged"], found["next_level"]) == (["L1"], "L2")
    assert found["next_page_at"] == found["respond_by"]
    assert found["missing"] == ["nothing that measures it has failed: only a person can tell"]


@pytest.mark.parametrize(
    ("path", "asked", "status", "said"),
    [
        ("", {"title": "x", "severity": "bad"}, 400, "severity 'bad' is not declared"),
        ("", {"title": "", "severity": "low"}, 422, "title"),
        ("/INC-none/ack", {}, 404, "no incident 'INC-none'"),
        ("/INC-none/close", {"resolution": "x"}, 404, "no incident"),
        ("/INC-none/close", {}, 422, "resolution"),
    ],
)
async def test_what_cannot_be_done_is_told(
    client: httpx2.AsyncClient, path: str, asked: dict[str, Any], status: int, said: str
) -> None:
    answer = await client.post(f"/api/incidents{path}", json=asked)
    assert (answer.status_code, said in answer.text) == (status, True)


async def test_what_is_over_cannot_be_changed_any_more(client: httpx2.AsyncClient) -> None:
    path = f"/api/incidents/{(await opened(client))['id']}"
    await client.post(f"{path}/close", json={"resolution": "done"})
    answer = await client.post(f"{path}/ack", json={})
    assert (answer.status_code, "is closed" in answer.text) == (409, True)


async def test_who_may_only_look_changes_nothing(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    viewer = headers(tmp_path / "data", "eve", Role.VIEWER)
    asked = {"title": "x", "severity": "low"}
    answer = await client.post("/api/incidents", json=asked, headers=viewer)
    assert answer.status_code == 403
    assert (await client.get("/api/incidents")).json() == []


async def test_measures_are_null_where_nothing_was_measured(client: httpx2.AsyncClient) -> None:
    found = (await client.get("/api/incidents/measures", params={"days": 7})).json()
    assert (found["incidents"], found["days"]) == (0, 7.0)
    assert {value for name, value in found.items() if name.endswith("_seconds")} == {None}


async def test_they_are_counted_among_the_metrics(client: httpx2.AsyncClient) -> None:
    line = 'opsbook_incidents{{state="open",severity="critical"}} {}'
    assert line.format(0) in (await client.get("/metrics")).text
    await opened(client)
    assert line.format(1) in (await client.get("/metrics")).text
