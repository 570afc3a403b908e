"""A change that is sent twice is made once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy import Engine, text

from opsbook.core.clock import ManualClock
from opsbook.state.answers import Answers
from opsbook.state.ledger import Ledger
from opsbook.state.local_token import LocalToken
from opsbook.state.people import Role
from opsbook.state.tokens import Tokens
from opsbook.web.access import Access, Operator, protect
from opsbook.web.idempotency import REPLAYED, answer_once
from opsbook.web.problems import tell_problems
from opsbook.web.refusals import Refusals
from tests.state.databases import ledger_in


@dataclass
class Scene:
    """An API that counts what it does, and who asks it."""

    directory: Path
    engine: Engine
    ledger: Ledger
    clock: ManualClock
    done: list[str] = field(default_factory=list)
    going: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 200

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.engine, self.clock)
        self.token = self.tokens.issue("ada", Role.OPERATOR)
        self.going.set()
        self.begin()

    def begin(self) -> None:
        """As a process begins: with nothing but the database."""
        api = FastAPI()

        @api.post("/api/acts")
        async def act(asked: dict[str, Any], person: Operator) -> dict[str, int]:
            self.done.append(person.name)
            await self.going.wait()
            if self.status == 500:
                raise RuntimeError("broken in the middle")
            if self.status != 200:
                raise HTTPException(self.status, "not now")
            return {"times": len(self.done)}

        access = Access(LocalToken(self.directory), self.tokens, Refusals(self.ledger))
        protect(api, access)
        tell_problems(api)
        answer_once(api, Answers(self.engine, self.clock))
        transport = httpx2.ASGITransport(app=api, raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://localhost")

    async def act(self, key: str | None = "k1", token: str = "", **asked: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.client.post("/api/acts", json=asked, headers=headers)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    with ledger_in(tmp_path) as (engine, ledger):
        yield Scene(tmp_path, engine, ledger, ManualClock())


async def test_the_same_request_with_the_same_key_gets_the_first_answer_again(
    scene: Scene,
) -> None:
    first, second = await scene.act(a=1), await scene.act(a=1)
    assert (first.json(), second.json(), scene.done) == ({"times": 1}, {"times": 1}, ["ada"])
    assert (REPLAYED in first.headers, second.headers[REPLAYED]) == (False, "true")
    assert second.headers["content-type"] == first.headers["content-type"]


async def test_without_a_key_and_with_another_it_is_done_again(scene: Scene) -> None:
    for key in (None, None, "k1", "k2"):
        await scene.act(key)
    assert len(scene.done) == 4


async def test_the_keys_of_others_are_their_own(scene: Scene) -> None:
    await scene.act()
    await scene.act(token=scene.tokens.issue("bob", Role.OPERATOR))
    assert scene.done == ["ada", "bob"]


async def test_a_key_with_another_request_is_refused(scene: Scene) -> None:
    await scene.act(a=1)
    answer = await scene.act(a=2)
    assert (answer.status_code, "take a new one" in answer.json()["detail"]) == (422, True)
    assert len(scene.done) == 1


async def test_while_it_is_carried_out_it_is_not_begun_again(scene: Scene) -> None:
    scene.going.clear()
    first = asyncio.create_task(scene.act())
    while not scene.done:
        await asyncio.sleep(0.001)
    second = await scene.act()
    scene.going.set()
    assert (second.status_code, "being carried out" in second.text) == (409, True)
    assert (await first).json() == {"times": 1}


async def test_another_life_of_the_process_knows_the_answer(scene: Scene) -> None:
    await scene.act()
    scene.begin()
    assert (await scene.act()).json() == {"times": 1}


async def test_what_a_dead_process_was_carrying_out_is_not_done_again(scene: Scene) -> None:
    Answers(scene.engine, scene.clock).begin("ada", "k1", await digest_of(scene))
    answer = await scene.act()
    assert (answer.status_code, "nobody knows what came of it" in answer.text) == (409, True)
    assert scene.done == []


async def digest_of(scene: Scene) -> str:
    """As the API finds it for a request without anything, by another key."""
    await scene.act("other")
    scene.done.clear()
    with scene.engine.connect() as connection:
        found: str = connection.execute(text("SELECT digest FROM answers")).scalar_one()
    return found


async def test_what_broke_in_the_middle_is_not_done_again(scene: Scene) -> None:
    scene.status = 500
    assert (await scene.act()).status_code == 500
    answer = await scene.act()
    assert (answer.status_code, len(scene.done)) == (409, 1)


@pytest.mark.parametrize("status", [404, 409, 503])
async def test_what_was_refused_may_be_sent_again(scene: Scene, status: int) -> None:
    scene.status = status
    assert (await scene.act()).status_code == status
    scene.status = 200
    assert (await scene.act()).status_code == 200


async def test_after_a_day_the_key_is_new(scene: Scene) -> None:
    await scene.act()
    scene.clock.advance(86_401)
    assert (await scene.act()).json() == {"times": 2}


async def test_whoever_shows_no_token_hears_nothing_of_what_was_answered(scene: Scene) -> None:
    await scene.act()
    assert (await scene.act(token="wrong")).status_code == 401


@pytest.mark.parametrize("key", ["", "x" * 201, "a b"])
async def test_a_key_is_short_and_printable(scene: Scene, key: str) -> None:
    answer = await scene.act(key)
    assert (answer.status_code, "Idempotency-Key" in answer.text) == (400, True)


async def test_without_its_table_nothing_is_done(scene: Scene) -> None:
    with scene.engine.begin() as connection:
        connection.execute(text("DROP TABLE answers"))
    answer = await scene.act()
    assert (answer.status_code, scene.done) == (503, [])
