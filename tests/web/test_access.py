"""Who may change something over HTTP."""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import Engine, text

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.core.clock import ManualClock
from opsbook.state.database import reading
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger, read_entries
from opsbook.state.local_token import LocalToken, token_file
from opsbook.state.people import Person, Role
from opsbook.state.tokens import Tokens
from opsbook.web.access import Access, AccessError, Operator, acting, may, protect
from opsbook.web.refusals import Refusals
from opsbook.web.settings import WebSettings
from tests.services.platform import one_service
from tests.state.databases import ledger_in

ASKED_WITHOUT_TOKENS = (
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/format_query",
    "/api/v1/series",
    "/api/v1/labels",
    "/api/v1/write",
    "/api/v1/admin/tsdb/delete_series",
    "/api/v1/admin/tsdb/clean_tombstones",
    "/api/v1/admin/tsdb/snapshot",
    "/api/v2/alerts",
    "/api/v2/silences",
    "/api/v2/silence/{number}",
)
"""What the clients of Prometheus and Alertmanager send on loopback, who know of no tokens."""
TO_SIGN_IN = ("POST", "/api/session")

Change = tuple[str, str]
"""A method and the path of a route."""


@dataclass
class Scene:
    """An API whose one route an operator may use, and another for approvers."""

    client: httpx2.AsyncClient
    engine: Engine
    ledger: Ledger
    clock: ManualClock
    tokens: Tokens

    async def act(self, token: str | None = None, path: str = "/acts/7") -> httpx2.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await self.client.post(path, headers=headers, json={"secret": token})

    async def refused(self) -> list[dict[str, Any]]:
        assert await self.ledger.flush(within=5)
        with reading(self.engine) as connection:
            return [each.as_dict() for each in read_entries(connection, kind="access.refused")]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    api = FastAPI()

    @api.post("/acts/{number}")
    async def act(number: str, person: Operator) -> str:
        return person.name

    @api.post("/consents")
    async def consent(person: Annotated[Person, Depends(may(Role.APPROVER))]) -> str:
        return person.name

    with ledger_in(tmp_path) as (engine, ledger):
        clock = ManualClock()
        tokens = Tokens(engine, clock)
        protect(api, Access(LocalToken(tmp_path), tokens, Refusals(ledger)))
        transport = httpx2.ASGITransport(app=api)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield Scene(client, engine, ledger, clock, tokens)


async def test_a_change_without_a_token_is_told_where_to_get_one(scene: Scene) -> None:
    answer = await scene.act()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="opsbook"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "this needs a token: `opsbook token add NAME --role operator` on its machine "
        "makes one; send it as `Authorization: Bearer TOKEN` (the opsbook command: "
        "$OPSBOOK_TOKEN)",
    }


async def test_whoever_has_the_role_or_a_higher_one_acts_under_their_own_name(
    scene: Scene,
) -> None:
    for role in (Role.OPERATOR, Role.APPROVER, Role.ADMIN):
        answer = await scene.act(scene.tokens.issue("ada", role))
        assert (answer.status_code, answer.json()) == (200, "ada")


async def test_the_private_file_of_the_process_is_good_too(scene: Scene, tmp_path: Path) -> None:
    assert (await scene.act(token_file(tmp_path).read_text().strip())).status_code == 200


async def test_whoever_has_less_is_told_what_is_needed(scene: Scene) -> None:
    answer = await scene.act(scene.tokens.issue("bob", Role.VIEWER))
    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")
    assert "needs the role operator, and bob has viewer" in answer.json()["detail"]
    assert 'scope="operator"' in answer.headers["www-authenticate"]
    answer = await scene.act(scene.tokens.issue("ada", Role.OPERATOR), "/consents")
    assert "needs the role approver, and ada has operator" in answer.json()["detail"]


async def test_expired_revoked_and_wrong_tokens_are_refused_alike(scene: Scene) -> None:
    expired = scene.tokens.issue("ada", Role.ADMIN, scene.clock.now() + 60)
    revoked = scene.tokens.issue("bob", Role.ADMIN)
    assert (await scene.act(expired)).status_code == (await scene.act(revoked)).status_code == 200
    scene.clock.advance(60)
    scene.tokens.revoke("bob")
    answers = [await scene.act(token) for token in (expired, revoked, "opsbook_x", "x")]
    assert [each.status_code for each in answers] == [401] * 4
    assert len({each.text for each in answers}) == 1
    assert 'error="invalid_token"' in answers[0].headers["www-authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "opsbook_x", "Bearer ü"])
async def test_what_is_no_bearer_is_refused(scene: Scene, header: str) -> None:
    sent = [(b"Authorization", header.encode("latin-1"))]
    assert (await scene.client.post("/acts/7", headers=sent)).status_code == 401


async def test_a_refusal_is_recorded_and_the_token_is_not(
    scene: Scene, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "opsbook_wrong-wrong-wrong"
    await scene.act(wrong, f"/acts/{wrong}")
    await scene.act(scene.tokens.issue("bob", Role.VIEWER))
    first, second = await scene.refused()
    assert (first["actor"], first["subject"], first["body"]["status"]) == (
        "unknown",
        "POST /acts/{number}",
        401,
    )
    assert (second["actor"], second["body"]["status"]) == ("bob", 403)
    written = b"".join(file.read_bytes() for file in tmp_path.glob("state.db*"))
    assert wrong.encode() not in written
    # httpx2 is the client here; its log is not ours.
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith("http")]
    assert not any(wrong in line for line in ours)


async def test_a_database_that_cannot_be_read_lets_nobody_in(scene: Scene) -> None:
    token = scene.tokens.issue("ada", Role.OPERATOR)
    with scene.engine.begin() as connection:
        connection.execute(text("DROP TABLE tokens"))
    answer = await scene.act(token)
    assert (answer.status_code, "cannot be read" in answer.text) == (503, True)


def test_only_an_admin_acts_for_another_and_both_are_named() -> None:
    ada, root = Person("ada", Role.APPROVER), Person("root", Role.ADMIN)
    assert (acting(ada, ""), acting(ada, "ada"), acting(root, "")) == ("ada", "ada", "root")
    assert acting(root, "ada") == "ada (through root)"
    with pytest.raises(AccessError, match="only an admin acts for others"):
        acting(ada, "root")


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, list[Change]]]:
    """The API of a whole application, and everything in it that is no mere question."""
    app = App(read_book(one_service(tmp_path)), DataDir(tmp_path / "data"), WebSettings(port=0))
    found = [
        (method, route.path)
        for route in routes(app.front.api.routes)
        for method in sorted(set(getattr(route, "methods", ())) - {"GET", "HEAD", "OPTIONS"})
    ]
    transport = httpx2.ASGITransport(app=app.front.api)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client, found
    app.close()


async def test_nothing_of_ours_is_changed_without_a_token(
    whole: tuple[httpx2.AsyncClient, list[Change]],
) -> None:
    client, found = whole
    assert TO_SIGN_IN in found
    known = {*ASKED_WITHOUT_TOKENS, TO_SIGN_IN[1]}
    ours = [each for each in found if each[1] not in known or each == ("DELETE", TO_SIGN_IN[1])]
    assert ("POST", "/api/silences") in ours
    answers = {each: await client.request(*each, json={}) for each in ours}
    asked = {each: answer.headers.get("WWW-Authenticate") for each, answer in answers.items()}
    assert [each for each, challenge in asked.items() if challenge is None] == []


async def test_nothing_at_all_is_changed_by_pages_of_other_sites(
    whole: tuple[httpx2.AsyncClient, list[Change]],
) -> None:
    client, found = whole
    assert {path for _, path in found} >= set(ASKED_WITHOUT_TOKENS)
    headers = {"Sec-Fetch-Site": "cross-site"}
    answers = {each: await client.request(*each, json={}, headers=headers) for each in found}
    said = {each: answer.text for each, answer in answers.items()}
    assert [each for each, text in said.items() if "only Opsbook's own pages may" not in text] == []


def routes(found: Iterable[Any]) -> Iterator[Any]:
    """Those of routers that were included, too."""
    for each in found:
        inner = getattr(each, "original_router", None)
        if inner is None:
            yield each
        else:
            yield from routes(inner.routes)
