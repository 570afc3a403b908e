"""Alertmanager's API: what amtool, Prometheus and dashboards get here."""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.requirement import needs_program
from tests.web.alerting import alerting_at

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    async with alerting_at(tmp_path) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{address}/api/v2", trust_env=False) as client:
        yield client


async def post(client: httpx2.AsyncClient, *alerts: dict[str, Any]) -> httpx2.Response:
    return await client.post("/alerts", content=json.dumps(alerts), headers=JSON)


def named(answer: httpx2.Response) -> list[str]:
    return sorted(each["labels"]["alertname"] for each in answer.json())


async def test_an_alert_that_was_posted_is_shown_as_alertmanager_shows_it(
    client: httpx2.AsyncClient,
) -> None:
    alert = {"labels": {"alertname": "x"}, "annotations": {"summary": "s"}, "generatorURL": "u"}
    assert (await post(client, alert)).status_code == 200
    (shown,) = (await client.get("/alerts")).json()
    assert shown["fingerprint"] == "d240efc3896bf266"
    assert shown["receivers"] == [{"name": "default"}]
    assert shown["status"]["state"] == "active"
    assert shown["annotations"] == {"summary": "s"}
    assert shown["startsAt"].endswith("Z")


async def test_filters_choose_alerts(client: httpx2.AsyncClient) -> None:
    await post(
        client,
        {"labels": {"alertname": "A", "team": "db"}},
        {"labels": {"alertname": "B", "severity": "critical", "host": "h"}},
        {"labels": {"alertname": "C", "severity": "warning", "host": "h"}},
    )
    for asked, expected in (
        ({"filter": 'alertname=~"A|B"'}, ["A", "B"]),
        ({"filter": ["alertname!=A", "host=h"]}, ["B", "C"]),
        ({"receiver": "d."}, ["A"]),
        ({"receiver": "d"}, []),
        ({"inhibited": "false"}, ["A", "B"]),
        ({"active": "false"}, ["C"]),
    ):
        assert named(await client.get("/alerts", params=asked)) == expected


async def test_groups_are_shown_with_their_receivers(client: httpx2.AsyncClient) -> None:
    await post(
        client,
        {"labels": {"alertname": "A", "team": "db", "n": "1"}},
        {"labels": {"alertname": "A", "team": "db", "n": "2"}},
        {"labels": {"alertname": "B"}},
    )
    groups = (await client.get("/alerts/groups")).json()
    shown = [(g["receiver"]["name"], g["labels"], len(g["alerts"])) for g in groups]
    assert shown == [("db", {"alertname": "A"}, 2), ("default", {"alertname": "B"}, 1)]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ('[{"labels": {}}]', 400, "at least one label pair required"),
        ('[{"labels": {"a": "b"}, "startsAt": "x"}]', 400, "startsAt"),
        ("[{", 400, "Invalid JSON"),
        ('{"labels": {"a": "b"}}', 400, "valid array"),
        (
            '[{"labels": {"a": "b"}, "startsAt": "2026-01-02", "endsAt": "2026-01-01"}]',
            400,
            "start time must be before end time",
        ),
    ],
)
async def test_what_is_no_alert_is_refused(
    client: httpx2.AsyncClient, body: str, status: int, said: str
) -> None:
    answer = await client.post("/alerts", content=body, headers=JSON)
    assert answer.status_code == status
    assert said in answer.text


async def test_the_good_alerts_of_a_list_are_taken(client: httpx2.AsyncClient) -> None:
    answer = await post(client, {"labels": {"alertname": "good"}}, {"labels": {}})
    assert answer.status_code == 400
    assert named(await client.get("/alerts")) == ["good"]


async def test_a_form_of_a_foreign_page_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/alerts", content="[]", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_a_body_without_end_is_refused(client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024 * 1024

    with contextlib.suppress(httpx2.WriteError):
        answer = await client.post("/alerts", content=endless(), headers=JSON)
        assert answer.status_code == 413
    assert (await client.get("/status")).status_code == 200


async def test_a_pattern_that_is_none_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/alerts", params={"filter": "a=~("})
    assert answer.status_code == 400
    assert "error parsing regexp" in answer.text


def silence(**more: Any) -> str:
    matcher = {"name": "alertname", "value": "A", "isRegex": False, "isEqual": True}
    return json.dumps(
        {
            "matchers": [matcher],
            "startsAt": "2020-01-01T00:00:00Z",
            "endsAt": "2999-01-01T00:00:00Z",
            "createdBy": "ada",
            "comment": "because",
            **more,
        }
    )


async def test_a_silence_is_set_shown_changed_and_ended(client: httpx2.AsyncClient) -> None:
    await post(client, {"labels": {"alertname": "A"}})
    made = (await client.post("/silences", content=silence(), headers=JSON)).json()["silenceID"]
    (alert,) = (await client.get("/alerts")).json()
    assert alert["status"]["silencedBy"] == [made]
    shown = (await client.get(f"/silence/{made}")).json()
    assert (shown["status"], shown["createdBy"]) == ({"state": "active"}, "ada")
    starts = shown["startsAt"]
    body = silence(id=made, comment="other", startsAt=starts)
    assert (await client.post("/silences", content=body, headers=JSON)).json()["silenceID"] == made
    assert (await client.delete(f"/silence/{made}")).status_code == 200
    (ended,) = (await client.get("/silences")).json()
    assert (ended["status"], ended["comment"]) == ({"state": "expired"}, "other")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (silence(matchers=[]), 400, "at least one matcher"),
        (silence(endsAt="2020-01-01T00:00:00Z"), 400, "in the past"),
        (silence(id="7d8f7b2a-0000-0000-0000-000000000000"), 404, "not found"),
        (silence(comment=None), 400, "comment"),
    ],
)
async def test_what_is_no_silence_is_refused(
    client: httpx2.AsyncClient, body: str, status: int, said: str
) -> None:
    answer = await client.post("/silences", content=body, headers=JSON)
    assert (answer.status_code, said in answer.text) == (status, True)


async def test_a_silence_that_is_not_there_is_said_so(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/silence/none")).status_code == 422
    missing = "/silence/7d8f7b2a-0000-0000-0000-000000000000"
    assert (await client.get(missing)).status_code == 404
    assert (await client.delete(missing)).status_code == 404


async def amtool(address: str, *words: str) -> str:
    ran = await asyncio.to_thread(
        subprocess.run,
        [needs_program("amtool"), f"--alertmanager.url={address}", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return str(ran.stdout)


async def test_amtool_adds_and_asks_for_alerts(address: str) -> None:
    await amtool(address, "alert", "add", "alertname=A", "team=db", "--annotation=summary=full")
    await amtool(address, "alert", "add", "alertname=B")
    assert "A" in (shown := await amtool(address, "alert", "query"))
    assert "B" in shown
    assert "B" not in await amtool(address, "alert", "query", "team=db")
    (found,) = json.loads(await amtool(address, "alert", "query", "team=db", "-o", "json"))
    assert found["annotations"] == {"summary": "full"}


async def test_amtool_sets_changes_ends_and_imports_silences(address: str, tmp_path: Path) -> None:
    add = ["silence", "add", "alertname=A", "-c", "because", "-a", "ada"]
    made = (await amtool(address, *add)).strip()
    assert made in await amtool(address, "silence", "query")
    assert made in await amtool(address, "silence", "query", "alertname=A", "-q")
    changed = await amtool(address, "silence", "update", made, "-d", "5h", "-c", "longer")
    assert "longer" in changed
    file = tmp_path / "silences.json"
    file.write_text(await amtool(address, "silence", "query", "-o", "json"))
    await amtool(address, "silence", "expire", made)
    assert made not in await amtool(address, "silence", "query", "-q")
    assert made in await amtool(address, "silence", "query", "-q", "--expired")
    content = json.loads(file.read_text())
    content[0]["id"] = ""
    file.write_text(json.dumps(content))
    await amtool(address, "silence", "import", str(file))
    assert "longer" in await amtool(address, "silence", "query")


async def test_amtool_shows_the_configuration(address: str) -> None:
    assert "receiver: default" in await amtool(address, "config", "show")
    assert "not-there" not in await amtool(address, "cluster", "show")
