"""`/api/drills`, and the metrics of drills."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from opsbook.core.clock import SystemClock
from opsbook.state.people import Role
from opsbook.state.tokens import Tokens
from opsbook.web.access import protect
from opsbook.web.drills import drill_family, drill_routes
from opsbook.web.server import WebServer, listen
from opsbook.web.settings import WebSettings
from tests.drills.scene import EXPECT, Scene, scene, settings, wait_until_up
from tests.services.platform import one_service

KILL = {"description": "a is started again", "kill": {"service": "a"}}


@dataclass
class Served:
    """A platform with the drill `dies`, and where its drills are asked for."""

    scene: Scene
    address: str

    def client(self, name: str, role: Role) -> httpx2.AsyncClient:
        """As somebody with a token of their own."""
        token = Tokens(self.scene.platform.app.engine, SystemClock()).issue(name, role)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=self.address, headers=headers, trust_env=False)


@asynccontextmanager
async def served(
    directory: Path, *, production: bool = False, **expect: object
) -> AsyncIterator[Served]:
    """Commands find it by its data directory, too."""
    drill = {**KILL, "expect": {**EXPECT, **expect}}
    book, drills = one_service(directory), settings(directory, dies=drill)
    async with scene(book, directory / "data", drills, lambda _: production) as it:
        app, api = it.platform.app, FastAPI()
        api.include_router(drill_routes(it.drills, SystemClock()))
        protect(api, app.front.api.state.access)
        server = WebServer(api, listen(WebSettings(port=0)))
        serving = asyncio.create_task(server.run())
        try:
            app.data.announce(server.address)
            await wait_until_up(it)
            yield Served(it, server.address)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            server.close()


async def test_a_drill_is_asked_for_and_its_evidence_is_shown(tmp_path: Path) -> None:
    async with served(tmp_path) as it, it.client("ada", Role.OPERATOR) as ada:
        never = (await ada.get("/api/drills")).json()
        asked = await ada.post("/api/drills/dies/runs", json={"why": "to see"})
        await it.scene.engine.wait(asked.json()["id"], 20)
        run = (await ada.get(f"/api/drills/dies/runs/{asked.json()['id']}")).json()
        proved = (await ada.get("/api/drills")).json()
    assert (never["state"], never["drills"][0]["state"]) == ("unknown", "never run")
    assert (run["state"], run["result"]["state"]) == ("succeeded", "proved")
    assert run["steps"] == ["ready", "prepare", "begin", "observe", "undo", "recover", "record"]
    (drill,) = proved["drills"]
    assert (proved["state"], drill["state"], drill["fault"]) == ("up", "proved", "kill a")
    assert drill["evidence"]["asked_by"] == "ada"
    assert drill["evidence"]["recover_seconds"] > 0


async def test_a_second_person_may_refuse(tmp_path: Path) -> None:
    async with (
        served(tmp_path, production=True) as it,
        it.client("ada", Role.APPROVER) as ada,
        it.client("eve", Role.OPERATOR) as eve,
        it.client("bob", Role.APPROVER) as bob,
    ):
        asked = (await ada.post("/api/drills/dies/runs", json={"why": "to see"})).json()
        path = f"/api/drills/dies/runs/{asked['id']}"
        no = {"why": "not on a Monday"}
        assert (await eve.post(f"{path}/refusal", json=no)).status_code == 403
        refused = (await bob.post(f"{path}/refusal", json=no)).json()
        assert (refused["state"], refused["error"]) == (
            "refused",
            "refused by bob: not on a Monday",
        )
        assert (await bob.post(f"{path}/approval", json={})).status_code == 403
        assert (await eve.get(path)).json()["state"] == "refused"
        assert (await bob.post(f"{path}x/refusal", json=no)).status_code == 404


async def test_production_waits_until_another_approves(tmp_path: Path) -> None:
    async with (
        served(tmp_path, production=True) as it,
        it.client("ada", Role.APPROVER) as ada,
        it.client("eve", Role.OPERATOR) as eve,
        it.client("bob", Role.APPROVER) as bob,
    ):
        asked = (await ada.post("/api/drills/dies/runs", json={"why": "to see"})).json()
        path = f"/api/drills/dies/runs/{asked['id']}/approval"
        refused = [(await each.post(path, json={})).status_code for each in (ada, eve)]
        approved = (await bob.post(path, json={})).json()
        info = await it.scene.engine.wait(asked["id"], 20)
    assert (asked["state"], refused, approved["id"]) == ("asked", [403, 403], asked["id"])
    assert isinstance(info.result, dict)
    assert info.result["evidence"]["approved_by"] == "bob"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/drills/none/runs"),
        ("POST", "/api/drills/dies/runs/drill.dies.none/approval"),
        ("GET", "/api/drills/dies/runs/drill.dies.none"),
    ],
)
async def test_what_is_not_there_is_not_found(tmp_path: Path, method: str, path: str) -> None:
    async with served(tmp_path) as it, it.client("ada", Role.ADMIN) as ada:
        body = {"why": "to see"} if method == "POST" else None
        answer = await ada.request(method, path, json=body)
    assert answer.status_code == 404


async def test_who_may_only_look_hurts_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as it, it.client("eve", Role.VIEWER) as eve:
        answer = await eve.post("/api/drills/dies/runs", json={"why": "to see"})
        assert await it.scene.engine.find() == []
    assert answer.status_code == 403


async def test_the_metrics_tell_the_state_and_the_times(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        before: list[str] = []
        drill_family(it.scene.drills)(before)
        await it.scene.run("dies")
        after: list[str] = []
        drill_family(it.scene.drills)(after)
    assert 'opsbook_drill_state{drill="dies",state="never run"} 1.0' in before
    assert not any(line.startswith("opsbook_drill_seconds{") for line in before)
    assert 'opsbook_drill_state{drill="dies",state="proved"} 1.0' in after
    phases = [line.split('"')[3] for line in after if line.startswith("opsbook_drill_seconds{")]
    assert phases == ["detect", "recover"]
