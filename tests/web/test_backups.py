"""`/api/backups`, and the metrics of backups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from opsbook.state.local_token import LocalToken
from opsbook.state.people import Role
from opsbook.state.tokens import Tokens
from opsbook.web.access import Access, protect
from opsbook.web.backups import backup_family, backup_routes
from opsbook.web.refusals import Refusals
from tests.backups.scene import Scene, scene

DRILL: dict[str, Any] = {"drill": {"every": "7d"}}


@asynccontextmanager
async def served(directory: Path, role: Role) -> AsyncIterator[tuple[Scene, httpx2.AsyncClient]]:
    """The room, and somebody with a token who asks for it."""
    async with scene(directory, **DRILL) as found:
        api, data = FastAPI(), directory / "data"
        data.mkdir()
        api.include_router(backup_routes(found.backups, found.clock))
        local, tokens = LocalToken(data), Tokens(found.database, found.clock)
        refusals = Refusals(found.backups._ledger)
        protect(api, Access(local, tokens, refusals))
        headers = {"Authorization": f"Bearer {tokens.issue('ada', role)}"}
        transport = httpx2.ASGITransport(app=api)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            yield found, client
        refusals.close()
        local.close()


async def ended(client: httpx2.AsyncClient, begun: httpx2.Response) -> dict[str, Any]:
    assert begun.status_code == 200, begun.text
    while True:
        run: dict[str, Any] = (
            await client.get(f"/api/backups/orders/runs/{begun.json()['id']}")
        ).json()
        if run["state"] not in ("waiting", "running"):
            return run
        await asyncio.sleep(0.02)


async def test_a_set_that_never_ran_is_unknown_and_then_made_and_proved(tmp_path: Path) -> None:
    async with served(tmp_path, Role.OPERATOR) as (_, client):
        never = (await client.get("/api/backups")).json()
        assert never["state"] == "unknown"
        assert never["sets"][0]["backups"] == "never ran"
        for action in ("backup", "restore"):
            asked = await client.post("/api/backups/orders/runs", json={"action": action})
            run = await ended(client, asked)
            assert run["result"]["state"] == "good", run
        now = (await client.get("/api/backups")).json()
        assert now["state"] == "up"
        assert now["sets"][0]["proved_at"] is not None
        (place,) = (await client.get("/api/backups/orders")).json()
        assert place["copies"][0]["good"]
        assert set(place["copies"][0]["verified"]) == {"check", "restore"}


async def test_a_copy_to_where_it_is_not_kept_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path, Role.OPERATOR) as (_, client):
        for wanted in ({"backup": "1", "destination": "moon"}, {"destination": "a"}):
            asked = await client.post("/api/backups/orders/runs", json={"action": "copy", **wanted})
            assert asked.status_code == 404
            assert "'moon'" in asked.text or "name its id" in asked.text


async def test_who_may_only_look_has_nothing_done(tmp_path: Path) -> None:
    async with served(tmp_path, Role.VIEWER) as (found, client):
        asked = await client.post("/api/backups/orders/runs", json={"action": "prune"})
        assert asked.status_code == 403
        assert found.copies() == []


async def test_a_set_that_is_not_known_is_told(tmp_path: Path) -> None:
    async with served(tmp_path, Role.OPERATOR) as (_, client):
        asked = await client.post("/api/backups/order/runs", json={"action": "backup"})
        assert asked.status_code == 404
        assert "did you mean orders?" in asked.text


async def test_what_was_not_measured_has_no_sample(tmp_path: Path) -> None:
    proven = "opsbook_backup_last_proven_restore_timestamp_seconds{"
    async with served(tmp_path, Role.OPERATOR) as (found, client):
        assert not any(line.startswith(proven) for line in samples(found))
        for action in ("backup", "restore"):
            asked = await client.post("/api/backups/orders/runs", json={"action": action})
            await ended(client, asked)
        told = samples(found)
        assert any(line.startswith(proven) for line in told)
        assert any(line.startswith('opsbook_restore_rto_seconds{set="orders"}') for line in told)
        assert 'opsbook_backup_state{set="orders",state="good"} 1.0' in told


def samples(found: Scene) -> list[str]:
    lines: list[str] = []
    backup_family(found.backups)(lines)
    return lines
