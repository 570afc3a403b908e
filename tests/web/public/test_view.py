"""What the page says of a platform, and what nobody ever reads there."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.services.life import Phase
from opsbook.services.orders import Order
from opsbook.state.people import Role
from tests.servers.loopback import free_port
from tests.services.platform import Platform, small_book, small_service
from tests.web.public.site import publish, visited
from tests.web.test_alerts import headers

PLANTED = "plantedsecret"
"""In every name, host, message and text that the book does not give to the public."""
NEVER = {"at_most": 0}


def a_and_b(directory: Path, **page: Any) -> Path:
    """Nothing is restarted by itself."""
    services = {
        name: small_service(directory, name, free_port(), restart=NEVER) for name in ("a", "b")
    }
    shown = {"Search": {"of": ["a", "b"], "description": "finds it"}, "Login": {"of": ["b"]}}
    return publish(small_book(directory, **services), services=shown, history_days=3, **page)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def lose(platform: Platform, name: str) -> None:
    platform.kill(name)
    await until(lambda: platform.keeper(name).phase is Phase.NEEDS_PERSON)


async def states(client: httpx2.AsyncClient) -> tuple[str, dict[str, str], dict[str, list[str]]]:
    """Of all, of each part now, and of its days."""
    found = (await client.get("/status.json")).json()
    parts = {each["name"]: each for each in found["services"]}
    days = {name: [day["state"] for day in each["days"]] for name, each in parts.items()}
    return found["state"], {name: each["state"] for name, each in parts.items()}, days


async def test_what_is_well_is_up_and_days_before_the_watch_are_unknown(tmp_path: Path) -> None:
    async with visited(a_and_b(tmp_path), tmp_path / "data") as (_, client):
        days = ["unknown", "unknown", "up"]
        assert await states(client) == (
            "up",
            {"Search": "up", "Login": "up"},
            {"Search": days, "Login": days},
        )


async def test_a_part_is_as_bad_as_the_worst_of_its_services_and_today_is_too(
    tmp_path: Path,
) -> None:
    async with visited(a_and_b(tmp_path), tmp_path / "data") as (platform, client):
        await lose(platform, "a")
        whole, parts, days = await states(client)
        assert (whole, parts) == ("down", {"Search": "down", "Login": "up"})
        assert (days["Search"][-1], days["Login"][-1]) == ("down", "up")
        assert "does not work" in (await client.get("/status")).text


async def test_a_stop_by_order_is_maintenance(tmp_path: Path) -> None:
    async with visited(a_and_b(tmp_path), tmp_path / "data") as (platform, client):
        await platform.app.services.order("a", Order("stop", "ada", "new rack"))
        assert (await states(client))[1] == {"Search": "maintenance", "Login": "up"}


async def test_a_past_that_cannot_be_read_is_unknown_and_the_present_is_still_told(
    tmp_path: Path,
) -> None:
    async with visited(a_and_b(tmp_path, incidents=True), tmp_path / "data") as (platform, client):
        await platform.app.ledger.flush(within=5)
        with platform.app.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE ledger RENAME TO elsewhere")
        try:
            whole, _, days = await states(client)
            assert (whole, days["Login"]) == ("up", ["unknown", "unknown", "up"])
            assert (await client.get("/status.json")).json()["incidents"] is None
            assert "What was told is unknown" in (await client.get("/status")).text
        finally:
            with platform.app.engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO ledger")


def full_of_secrets(directory: Path) -> Path:
    """A book in which everything that has no public name is called by the planted word."""
    service = f"{PLANTED}-a"
    settings = small_service(
        directory, service, free_port(), restart=NEVER, description=f"{PLANTED} description"
    )
    other = small_service(directory, f"{PLANTED}-b", free_port())
    file = small_book(directory, **{service: settings, f"{PLANTED}-b": other})
    book = json.loads(file.read_text())
    book["platform"] = {"name": f"{PLANTED}-platform", "owner": PLANTED, "description": PLANTED}
    book["checks"][f"{service}-greets"]["description"] = f"{PLANTED} description"
    book["checks"][f"{PLANTED}-host"] = {
        "service": service,
        "tcp": {"host": f"{PLANTED}.invalid", "port": 1},
        "every": "200ms",
        "timeout": "1s",
    }
    book["services"][service]["restart"] = {**NEVER, "verified_by": [f"{service}-greets"]}
    book["alerts"] = {"route": {"receiver": PLANTED}, "receivers": [{"name": PLANTED}]}
    book["incidents"] = {
        "contacts": {PLANTED: {"receiver": PLANTED}},
        "escalation": [{"name": PLANTED, "contacts": [PLANTED]}],
    }
    file.write_text(json.dumps(book))
    return publish(file, services={"Search": {"of": [service]}}, incidents=True)


async def act(address: str, data: Path) -> str:
    """All that people may write about two incidents; the number of the first."""
    async with httpx2.AsyncClient(
        base_url=address,
        headers=headers(data, f"{PLANTED}-ada", Role.OPERATOR),
        trust_env=False,
    ) as person:

        async def send(path: str, **asked: Any) -> dict[str, Any]:
            answer = await person.post(f"/api/incidents{path}", json=asked)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        shown, hidden = [
            await send(
                "",
                title=f"{PLANTED} title",
                description=f"{PLANTED} description",
                severity="low",
                services=[f"{PLANTED}-{each}"],
            )
            for each in "ab"
        ]
        await send(f"/{shown['id']}/ack", note=f"{PLANTED} note")
        await send(f"/{shown['id']}/note", text=f"{PLANTED} note")
        await send(f"/{shown['id']}/status", text="We are at it.", public=True)
        await send(f"/{hidden['id']}/status", text=f"{PLANTED} words about another service")
        done = {"resolution": f"{PLANTED} resolution", "lessons": f"{PLANTED} lessons"}
        await send(f"/{shown['id']}/close", **done, unrecovered=True)
        return str(shown["id"])


@pytest.mark.parametrize("path", ["/status", "/status.json"])
async def test_nothing_that_the_book_did_not_name_for_the_public_comes_out(
    tmp_path: Path, path: str
) -> None:
    data = tmp_path / "data"
    async with visited(full_of_secrets(tmp_path), data) as (platform, client):
        number = await act(platform.app.web.address, data)
        await lose(platform, f"{PLANTED}-a")
        await platform.app.ledger.flush(within=5)
        inside = [await client.get(each) for each in ("/api/status", f"/api/incidents/{number}")]
        assert min(each.text.count(PLANTED) for each in inside) > 10
        answer = await client.get(path)
        assert "Search" in answer.text
        assert "We are at it." in answer.text
        assert PLANTED not in answer.text.lower()
        assert PLANTED not in str(answer.headers).lower()
