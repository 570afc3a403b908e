"""Errors are told as problem details, in words for people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from opsbook.core.secrets import Secret
from opsbook.web.inputs import Why
from opsbook.web.problems import MEDIA_TYPE, tell_problems
from tests.web.client import answering


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with answering(tmp_path) as (_, client):
        yield client


def small(api: FastAPI) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=api, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost")


async def told(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    return found


async def test_a_path_that_is_not_there(client: httpx2.AsyncClient) -> None:
    found = await told(await client.get("/api/statu"), 404)
    assert found["detail"] == "there is no /api/statu; /api/openapi.json names all there is"


async def test_a_method_that_is_not_there(client: httpx2.AsyncClient) -> None:
    found = await told(await client.put("/api/status"), 405)
    assert found["detail"] == "/api/status does not take PUT; it takes GET"


async def test_each_wrong_value_is_told_with_its_place_and_what_to_do(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/api/silences", json={"matchers": "a=b", "seconds": -1})
    found = await told(answer, 422)
    assert found["problems"] == [
        {"place": "body.why", "value": "", "remedy": "it is missing; give it"},
        {"place": "body.seconds", "value": "-1", "remedy": "input should be greater than 0"},
    ]


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"why": "\\ud800"}', b'{"why": "a\\u0000"}'])
async def test_what_is_no_text_at_all_is_refused(client: httpx2.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/services/a/orders", content=body, headers=headers)
    await told(answer, 422 if body != b"\xff" else answer.status_code)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/query"])
async def test_prometheus_clients_hear_what_they_know(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] != MEDIA_TYPE


async def test_alertmanager_clients_hear_what_they_know(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/v2/silence/nothing")
    assert answer.status_code >= 400
    assert answer.headers["content-type"] != MEDIA_TYPE


async def test_a_fault_of_our_own_is_told_without_what_it_was() -> None:
    api = FastAPI()
    tell_problems(api)

    @api.get("/api/broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter22")

    @api.get("/api/away")
    async def away() -> None:
        raise OperationalError("SELECT 1", {}, Exception("the disk is full"))

    async with small(api) as client:
        found = await told(await client.get("/api/broken"), 500)
        assert "hunter22" not in str(found)
        found = await told(await client.get("/api/away"), 503)
        assert "the disk is full" in found["detail"]


async def test_a_secret_that_was_sent_is_not_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "hunter22" * 200)
    word = Secret("env:WORD").reveal()
    api = FastAPI()
    tell_problems(api)

    @api.post("/api/acts")
    async def act(asked: dict[str, Why]) -> None: ...

    async with small(api) as client:
        answer = await client.post("/api/acts", json={"why": word})
    assert (answer.status_code, "hunter22" in answer.text) == (422, False)
