"""What Alertmanager's API does not have: acknowledgements, history, notices, endless silences."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.core.clock import SystemClock
from opsbook.state.database import connect, sqlite_url
from opsbook.state.people import Role
from opsbook.state.tokens import Tokens
from tests.web.alerting import alerting_at


def headers(directory: Path, name: str = "ada", role: Role = Role.OPERATOR) -> dict[str, str]:
    """Those of a request with a fresh token."""
    engine = connect(sqlite_url(directory / "state.db"))
    token = Tokens(engine, SystemClock()).issue(name, role)
    engine.dispose()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        alerting_at(tmp_path) as address,
        httpx2.AsyncClient(
            base_url=f"{address}/api", headers=headers(tmp_path), trust_env=False
        ) as client,
    ):
        yield client


async def fire(client: httpx2.AsyncClient, *alerts: dict[str, Any]) -> None:
    assert (await client.post("/v2/alerts", json=alerts)).status_code == 200


async def some(client: httpx2.AsyncClient, path: str, **asked: str) -> list[dict[str, Any]]:
    """Wait until there is something."""
    async with asyncio.timeout(10):
        while True:
            found: list[dict[str, Any]] = (await client.get(path, params=asked)).json()
            if found:
                return found
            await asyncio.sleep(0.02)


def down(**more: Any) -> dict[str, Any]:
    return {"labels": {"alertname": "Down", "team": "db"}, **more}


async def test_an_alert_is_shown_with_whoever_has_acknowledged_it(
    client: httpx2.AsyncClient,
) -> None:
    await fire(client, down())
    asked = {"alerts": ["Down"], "by": "ada", "why": "on it", "seconds": 60}
    assert (await client.post("/alerts/acknowledgements", json=asked)).status_code == 200
    (shown,) = (await client.get("/alerts")).json()
    assert shown["receivers"] == ["db"]
    assert (shown["acknowledged"]["by"], shown["acknowledged"]["assignee"]) == ("ada", "ada")


async def test_what_does_not_fire_cannot_be_acknowledged(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/alerts/acknowledgements", json={"alerts": ["None"], "by": "ada"})
    assert (answer.status_code, "none of None fires" in answer.text) == (404, True)


async def test_what_has_ended_is_in_the_history(client: httpx2.AsyncClient) -> None:
    await fire(client, down(startsAt="2026-01-01T00:00:00Z"))
    await fire(client, down(startsAt="2026-01-01T00:00:00Z", endsAt="2026-01-01T01:00:00Z"))

    (ended,) = await some(client, "/alerts/history", name="Down")
    assert ended["ends_at"].startswith("2026-01-01T01:00:00")
    assert (await client.get("/alerts")).json() == []


async def test_older_ones_are_those_that_had_ended_before(client: httpx2.AsyncClient) -> None:
    for hour in (1, 2, 3):
        began = {"startsAt": "2026-01-01T00:00:00Z", "labels": {"alertname": f"Down{hour}"}}
        await fire(client, began)
        await fire(client, {**began, "endsAt": f"2026-01-01T0{hour}:00:00Z"})
        await some(client, "/alerts/history", name=f"Down{hour}")

    two = datetime(2026, 1, 1, 2, tzinfo=UTC).timestamp()
    older = await some(client, "/alerts/history", before=str(two))
    assert [each["name"] for each in older] == ["Down2", "Down1"]


async def test_notices_are_shown_with_their_answers(client: httpx2.AsyncClient) -> None:
    await fire(client, down())

    (notice,) = await some(client, "/notices", status="sent")
    assert (notice["receiver"], notice["told"], notice["answer"]) == ("db", "firing", "ok")


async def test_a_silence_may_last_until_what_it_silences_has_ended(
    client: httpx2.AsyncClient,
) -> None:
    asked = {"matchers": "team=db", "by": "ada", "why": "known", "until_resolved": True}
    made = (await client.post("/silences", json=asked)).json()
    assert (made["state"], made["ends_at"], made["matchers"]) == ("active", None, '{team="db"}')
    await fire(client, down())
    (shown,) = (await client.get("/alerts")).json()
    assert shown["silenced_by"] == [made["id"]]
    ended = (await client.delete(f"/silences/{made['id']}")).json()
    assert ended["state"] == "expired"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"matchers": "a=b", "by": "ada", "why": "x"}, 400),
        ({"matchers": "a=b", "by": "ada", "why": "x", "seconds": 5, "until_resolved": True}, 400),
        ({"matchers": "a=~(", "by": "ada", "why": "x", "seconds": 5}, 400),
        ({"matchers": "a=b", "by": "ada", "why": "x", "seconds": 5, "interval": "none"}, 400),
        ({"matchers": "a=b", "by": "ada", "why": "", "seconds": 5}, 422),
    ],
)
async def test_a_silence_without_end_or_reason_is_refused(
    client: httpx2.AsyncClient, asked: dict[str, Any], status: int
) -> None:
    assert (await client.post("/silences", json=asked)).status_code == status


async def test_a_recurring_silence_names_its_interval(client: httpx2.AsyncClient) -> None:
    asked = {"matchers": "a=b", "by": "ada", "why": "x", "until_resolved": True}
    made = await client.post("/silences", json={**asked, "interval": "nights"})
    assert made.json()["interval"] == "nights"


async def test_what_is_not_json_is_refused(client: httpx2.AsyncClient) -> None:
    body = '{"matchers": "a=b", "by": "ada", "why": "x", "seconds": 5}'
    plain = {"Content-Type": "text/plain"}
    assert (await client.post("/silences", content=body, headers=plain)).status_code == 422


async def test_who_acts_is_whoever_bears_the_token(client: httpx2.AsyncClient) -> None:
    asked = {"matchers": "a=b", "why": "x", "seconds": 5}
    assert (await client.post("/silences", json=asked)).json()["created_by"] == "ada"
    answer = await client.post("/silences", json={**asked, "by": "bob"})
    assert (answer.status_code, "only an admin acts for others" in answer.text) == (403, True)
    made = (await client.get("/silences")).json()[0]["id"]
    assert (await client.delete(f"/silences/{made}?by=bob")).status_code == 403


async def test_an_admin_acts_for_somebody_and_both_are_named(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    admin = headers(tmp_path, "root", Role.ADMIN)
    await fire(client, down())
    asked = {"alerts": ["Down"], "by": "bob"}
    (shown,) = (await client.post("/alerts/acknowledgements", json=asked, headers=admin)).json()
    assert shown["acknowledged"]["by"] == "bob (through root)"
    assert shown["acknowledged"]["assignee"] == "bob"
