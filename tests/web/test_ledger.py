"""The ledger over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from opsbook.state.people import Role
from tests.services.platform import Platform
from tests.web.client import answering

Served = tuple[Platform, httpx2.AsyncClient]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with answering(tmp_path, Role.VIEWER) as found:
        yield found


async def page(client: httpx2.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.get("/api/ledger", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_pages_lead_from_the_newest_entry_to_the_first(served: Served) -> None:
    platform, client = served
    await platform.app.ledger.flush(within=5)
    seen, before = [], None
    while True:
        found = await page(client, limit=2, **({"before": before} if before else {}))
        seen += [each["seq"] for each in found["entries"]]
        before = found["next"]
        if before is None:
            break
    assert seen == list(range(len(seen), 0, -1))
    assert len(seen) >= 4


async def test_it_is_searched_by_kind_subject_and_words(served: Served) -> None:
    platform, client = served
    platform.app.ledger.record("odd.thing", "lamp", actor="bob", said="50 % of_it")
    await platform.app.ledger.flush(within=5)
    kinds = {each["kind"] for each in (await page(client, kind="service."))["entries"]}
    assert kinds == {"service.started", "service.verified"}
    for asked in (
        {"subject": "lamp"},
        {"actor": "bob"},
        {"text": "50 % OF_"},
        {"kind": "odd.thing"},
    ):
        assert [each["kind"] for each in (await page(client, **asked))["entries"]] == ["odd.thing"]
    assert (await page(client, text="of-it"))["entries"] == []


async def test_what_was_changed_is_found(served: Served) -> None:
    platform, client = served
    await platform.app.ledger.flush(within=5)
    good = (await client.post("/api/ledger/verification")).json()
    assert (good["good"], good["problem"]) == (True, None)
    with platform.app.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER ledger_no_update"))
        connection.execute(text("UPDATE ledger SET subject = 'x' WHERE seq = 2"))
    bad = (await client.post("/api/ledger/verification")).json()
    assert (bad["good"], bad["bad"]) == (False, 2)


@pytest.mark.parametrize(
    "asked", [{"before": 2**70}, {"limit": 0}, {"text": "a\0b"}, {"subject": "x" * 501}]
)
async def test_what_the_database_cannot_take_is_refused(
    served: Served, asked: dict[str, Any]
) -> None:
    answer = await served[1].get("/api/ledger", params=asked)
    assert (answer.status_code, answer.json()["problems"][0]["place"]) == (
        422,
        f"query.{next(iter(asked))}",
    )
