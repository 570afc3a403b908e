"""Alertmanager's `http_config`, as a webhook is asked by it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.sending.http_config import HttpConfig
from tests.alerts.notifiers.catcher import Request, answer, catching, echo
from tests.alerts.notifiers.notices import failure, notifier, send


def config(**settings: Any) -> HttpConfig:
    return HttpConfig.model_validate(settings, context={"plain_secrets": True})


async def asked(**settings: Any) -> Request:
    async with catching() as catcher:
        await send(notifier("webhook", {"url": catcher.url, "http_config": settings}))
    return catcher.caught[0]


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"basic_auth": {"username": "a", "password": "b"}}, "Basic YTpi"),
        ({"authorization": {"credentials": "x"}}, "Bearer x"),
        ({"authorization": {"type": "Token", "credentials": "x"}}, "Token x"),
        ({"bearer_token": "x"}, "Bearer x"),
    ],
)
async def test_it_signs_in(settings: dict[str, Any], header: str) -> None:
    assert (await asked(**settings)).headers["authorization"] == header


async def test_headers_come_from_texts_secrets_and_files(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("c\n")
    values = {"values": ["a"], "secrets": ["b"], "files": [str(file)]}
    request = await asked(http_headers={"X-Team": values})
    assert [line for line in request.raw.split(b"\r\n") if line.startswith(b"X-Team")] == [
        b"X-Team: a",
        b"X-Team: b",
        b"X-Team: c",
    ]


async def test_a_header_that_comes_back_is_not_told() -> None:
    async with catching(echo) as catcher:
        headers = {"X-Key": {"secrets": ["s3cret-word"]}}
        settings = {"url": catcher.url, "http_config": {"http_headers": headers}}
        assert "s3cret-word" not in str(await failure(notifier("webhook", settings)))


async def test_a_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    signing = {"username": "a", "password_file": str(tmp_path / "none")}
    settings = {"url": "http://127.0.0.1:1/", "http_config": {"basic_auth": signing}}
    error = await failure(notifier("webhook", settings))
    assert error.permanent
    assert "none" in str(error)


async def test_a_certificate_file_that_is_missing_is_named(tmp_path: Path) -> None:
    tls = {"ca_file": str(tmp_path / "none")}
    settings = {"url": "https://127.0.0.1:1/", "http_config": {"tls_config": tls}}
    error = await failure(notifier("webhook", settings))
    assert error.permanent
    assert "none" in str(error)


async def test_another_host_does_not_get_the_password() -> None:
    async with catching() as elsewhere, catching() as first:
        first.then(answer(308, Location=f"{elsewhere.url}/there"))
        signing = {"basic_auth": {"username": "a", "password": "b"}}
        await send(notifier("webhook", {"url": first.url, "http_config": signing}))
    assert "authorization" in first.caught[0].headers
    assert "authorization" not in elsewhere.caught[0].headers


@pytest.mark.parametrize(
    "settings",
    [
        {"basic_auth": {"username": "a"}, "authorization": {"credentials": "b"}},
        {"bearer_token": "a", "oauth2": {"client_id": "c", "token_url": "http://h/"}},
        {"http_headers": {"authorization": {"values": ["a"]}}},
        {"http_headers": {"X-A": {"value": ["a"]}}},
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**settings)


def test_sections_may_stand_there_empty() -> None:
    assert config(tls_config=None, oauth2=None, http_headers=None) == HttpConfig()
