"""One service over HTTP: how it stands, what it wrote, and orders to it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.core.secrets import Secret
from opsbook.services.events import ServiceDied
from opsbook.state.people import Role
from tests.services.platform import Platform
from tests.web.client import answering, someone

Served = tuple[Platform, httpx2.AsyncClient]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with answering(tmp_path) as found:
        yield found


async def order(client: httpx2.AsyncClient, verb: str, **more: Any) -> httpx2.Response:
    asked = {"verb": verb, "why": "to see", **more}
    return await client.post("/api/services/a/orders", json=asked)


async def test_a_service_is_shown_with_what_an_order_to_it_would_touch(served: Served) -> None:
    found = (await served[1].get("/api/services/a")).json()
    assert (found["state"], found["controller"], found["dependents"]) == ("up", "process", [])
    assert found["scale"] is None


async def test_a_restart_answers_with_its_proof(served: Served) -> None:
    platform, client = served
    before = platform.pid()
    answer = await order(client, "restart")
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["verified"], done["before"]) == (True, f"pid {before}")
    assert done["after"] == f"pid {platform.pid()}"
    kinds = [each["kind"] for each in platform.ledger() if each["seq"] in done["evidence"]]
    assert kinds[0] == "service.ordered"


@pytest.mark.parametrize("verb", ["stop", "scale"])
async def test_what_people_feel_has_to_be_confirmed(served: Served, verb: str) -> None:
    more = {"replicas": 2} if verb == "scale" else {}
    for confirm in ("", "b"):
        answer = await order(served[1], verb, confirm=confirm, **more)
        assert (answer.status_code, "type 'a'" in answer.text) == (400, True)
    assert served[0].keeper().phase == "running"


async def test_a_confirmed_stop_stays(served: Served) -> None:
    _, client = served
    assert (await order(client, "stop", confirm="a")).json()["verified"] is True
    assert (await client.get("/api/services/a")).json()["state"] == "maintenance"


async def test_what_cannot_be_carried_out_is_refused_with_the_reason(served: Served) -> None:
    answer = await order(served[1], "scale", replicas=2, confirm="a")
    assert (answer.status_code, "scale" in answer.json()["detail"]) == (409, True)
    assert served[0].ledger("service.ordered") == []


@pytest.mark.parametrize(
    ("asked", "status", "place"),
    [
        ({"verb": "restart"}, 422, "body.why"),
        ({"verb": "restart", "why": ""}, 422, "body.why"),
        ({"verb": "jump", "why": "x"}, 422, "body.verb"),
        ({"verb": "scale", "why": "x", "replicas": 10**30}, 422, "body.replicas"),
        ({"verb": "restart", "why": "x", "replicas": 2}, 400, "replicas"),
    ],
)
async def test_what_is_wrong_with_an_order_is_told_with_its_place(
    served: Served, asked: dict[str, Any], status: int, place: str
) -> None:
    answer = await served[1].post("/api/services/a/orders", json=asked)
    assert (answer.status_code, place in answer.json()["detail"]) == (status, True)


async def test_a_viewer_orders_nothing(served: Served) -> None:
    async with someone(served[0], "eve", Role.VIEWER) as eve:
        assert (await order(eve, "restart")).status_code == 403


async def test_the_last_lines_are_shown_without_secrets(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, client = served
    monkeypatch.setenv("WORD", "hunter22")
    Secret("env:WORD").reveal()
    log = platform.keeper().controller.home.logs / "a.log"
    log.write_text("first\nsecond with hunter22\nthird\n")
    found = (await client.get("/api/services/a/log", params={"lines": 2})).json()
    assert found["lines"] == ["second with ***", "third"]
    assert found["truncated"] is True


async def test_output_is_for_those_who_showed_who_they_are(served: Served) -> None:
    async with httpx2.AsyncClient(trust_env=False) as nobody:
        answer = await nobody.get(f"{served[0].app.web.address}/api/services/a/log")
    assert answer.status_code == 401


async def test_where_opsbook_keeps_no_output_that_is_said(served: Served) -> None:
    platform, client = served
    (platform.keeper().controller.home.logs / "a.log").unlink()
    found = (await client.get("/api/services/a/log")).json()
    assert (found["lines"], "its own manager" in found["said"]) == ([], True)


async def test_a_service_that_was_killed_has_a_bar_that_is_down_and_says_why(
    served: Served,
) -> None:
    platform, client = served
    platform.kill()
    await platform.until(ServiceDied)
    await platform.well()
    await platform.app.ledger.flush(within=5)
    found = (await client.get("/api/services/a/history", params={"days": 1, "bars": 24})).json()
    last = found["bars"][-1]
    assert (last["state"], last["causes"][0]["message"]) == ("down", "killed by SIGKILL")
    assert {bar["state"] for bar in found["bars"][:-1]} == {"unknown"}
