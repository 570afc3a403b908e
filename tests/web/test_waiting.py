"""What waits for a person."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from opsbook.state.people import Role
from tests.eventually import eventually
from tests.services.platform import one_service, watched
from tests.web.client import answering, someone

RUNBOOKS = {
    "mark": {
        "description": "Two people and one mark.",
        "steps": [{"approve": {"question": "go on?", "within": "1h"}}],
    }
}
DRILLS = {
    "dies": {
        "kill": {"service": "a"},
        "expect": {"detected": {"within": "5s"}, "recovered": {"within": "5s"}},
    }
}


async def waiting(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/waiting")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_where_all_is_well_nothing_waits(tmp_path: Path) -> None:
    async with answering(tmp_path) as (_, client):
        assert await waiting(client) == []


async def test_an_incident_waits_until_somebody_has_it(tmp_path: Path) -> None:
    async with answering(tmp_path) as (_, client):
        asked = {"title": "search is slow", "severity": "critical"}
        number = (await client.post("/api/incidents", json=asked)).json()["id"]
        found = await waiting(client)
        assert [(each["key"], each["link"]) for each in found] == [
            (f"acknowledgement:{number}", f"/incidents/{number}")
        ]
        assert (await client.post(f"/api/incidents/{number}/ack", json={})).status_code == 200
        assert await waiting(client) == []


async def test_an_alert_waits_until_somebody_has_it(tmp_path: Path) -> None:
    async with answering(tmp_path) as (_, client):
        alert = {"labels": {"alertname": "Odd"}, "annotations": {"summary": "it is odd"}}
        assert (await client.post("/api/v2/alerts", json=[alert])).status_code == 200
        assert [each["what"] for each in await waiting(client)] == ["it is odd"]
        await client.post("/api/alerts/acknowledgements", json={"alerts": ["Odd"]})
        assert await waiting(client) == []


async def test_a_service_that_nothing_brings_back_waits(tmp_path: Path) -> None:
    book = one_service(tmp_path, restart={"at_most": 0})
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        await eventually(lambda: platform.keeper().phase == "needs a person")
        async with someone(platform) as client:
            (found,) = [each for each in await waiting(client) if each["kind"] == "person"]
    assert (found["key"], found["link"]) == ("person:a", "/services/a")
    assert "are used up" in found["what"]


async def test_a_run_waits_for_consent_and_a_drill_for_a_second_person(tmp_path: Path) -> None:
    file = one_service(tmp_path, production=True)
    book = json.loads(file.read_text()) | {"runbooks": RUNBOOKS, "drills": DRILLS}
    file.write_text(json.dumps(book))
    async with watched(file, tmp_path / "data") as platform:
        await platform.well()
        assert platform.app.runs is not None
        await platform.app.runs.opened.wait()
        async with someone(platform) as ada, someone(platform, "bob", Role.APPROVER) as bob:
            run = (await ada.post("/api/runbooks/mark/runs", json={"why": "now"})).json()["id"]
            drill = (await ada.post("/api/drills/dies/runs", json={"why": "now"})).json()["id"]
            found = await both(ada)
            assert {each["key"]: each["who"] for each in found} == {
                f"approval:{run}": "approver",
                f"drill:{drill}": "approver",
            }
            assert all(each["until"] for each in found)
            agreed = await bob.post(f"/api/runs/{run}/approval", json={"why": "yes"})
            assert agreed.status_code == 200, agreed.text
            approved = await bob.post(f"/api/drills/dies/runs/{drill}/approval")
            assert approved.status_code == 200, approved.text
            kinds = {each["kind"] for each in await waiting(ada)}
            assert not kinds & {"approval", "drill"}


async def both(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """The run asks once it has come to its step."""
    async with asyncio.timeout(20):
        while len(found := await waiting(client)) < 2:
            await asyncio.sleep(0.05)
    return found
