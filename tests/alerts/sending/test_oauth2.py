"""Tokens by the grant of client credentials."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from opsbook.alerts.notifier import Notifier
from tests.alerts.notifiers.catcher import Catcher, answer, catching, echo, reset
from tests.alerts.notifiers.notices import failure, notifier, send

TOKEN = answer(200, '{"access_token": "s3cret-token", "expires_in": 3600}', "application/json")


@pytest.fixture
async def issuer() -> AsyncIterator[Catcher]:
    async with catching(TOKEN) as catcher:
        yield catcher


@pytest.fixture
async def receiver() -> AsyncIterator[Catcher]:
    async with catching() as catcher:
        yield catcher


def entry(issuer: Catcher, receiver: Catcher, **settings: Any) -> Notifier:
    signing = {"client_id": "c:1", "client_secret": "s3cret-word", "token_url": issuer.url}
    config = {"oauth2": {**signing, **settings}}
    return notifier("webhook", {"url": receiver.url, "http_config": config})


async def test_the_token_signs_in(issuer: Catcher, receiver: Catcher) -> None:
    settings = {"scopes": ["a", "b"], "endpoint_params": {"audience": "x"}}
    await send(entry(issuer, receiver, **settings))
    assert issuer.caught[0].form() == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "audience": "x",
    }
    assert issuer.caught[0].headers["authorization"] == "Basic YyUzQTE6czNjcmV0LXdvcmQ="
    assert receiver.caught[0].headers["authorization"] == "Bearer s3cret-token"


async def test_a_server_that_knows_no_header_is_told_in_the_form(
    issuer: Catcher, receiver: Catcher
) -> None:
    issuer.then(answer(401), TOKEN)
    await send(entry(issuer, receiver))
    form = issuer.caught[1].form()
    assert (form["client_id"], form["client_secret"]) == ("c:1", "s3cret-word")


async def test_a_token_is_used_until_it_ends(issuer: Catcher, receiver: Catcher) -> None:
    to = entry(issuer, receiver)
    await send(to)
    await send(to)
    assert len(issuer.caught) == 1
    issuer.then(answer(200, '{"access_token": "short", "expires_in": 5}', "application/json"))
    to = entry(issuer, receiver)
    await send(to)
    await send(to)
    assert len(issuer.caught) == 3


@pytest.mark.parametrize(("status", "permanent"), [(403, True), (503, False), (429, False)])
async def test_without_a_token_nothing_is_sent(
    issuer: Catcher, receiver: Catcher, status: int, permanent: bool
) -> None:
    issuer.then(answer(status, "no"))
    error = await failure(entry(issuer, receiver))
    assert (error.permanent, error.uncertain) == (permanent, False)
    assert "the token of http://127.0.0.1" in str(error)
    assert not receiver.caught


async def test_a_lost_answer_about_a_token_leaves_nothing_open(
    issuer: Catcher, receiver: Catcher
) -> None:
    issuer.then(reset)
    signing = {"client_id": "c", "token_url": issuer.url}
    settings = {"webhook_url": receiver.url, "http_config": {"oauth2": signing}}
    error = await failure(notifier("discord", settings))
    assert (error.permanent, error.uncertain) == (False, False)


@pytest.mark.parametrize("said", ["", "[]", '{"a": 1}', '{"access_token": "x", "expires_in": [1]}'])
async def test_an_answer_without_a_token_is_said_to_be_one(
    issuer: Catcher, receiver: Catcher, said: str
) -> None:
    issuer.then(answer(200, said, "application/json"))
    error = await failure(entry(issuer, receiver))
    assert not error.permanent
    assert "holds no token" in str(error)


async def test_neither_secret_nor_token_is_told(issuer: Catcher, receiver: Catcher) -> None:
    issuer.then(echo)
    assert "s3cret-word" not in str(await failure(entry(issuer, receiver)))
    issuer.then(TOKEN)
    receiver.then(echo)
    assert "s3cret-token" not in str(await failure(entry(issuer, receiver)))
