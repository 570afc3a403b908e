"""Proxies on the way to a receiver."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.sending.proxy import ProxyConfig, is_direct
from tests.alerts.notifiers.catcher import Request, answer, catching, reset
from tests.alerts.notifiers.notices import failure, notifier, send


def config(**settings: Any) -> ProxyConfig:
    return ProxyConfig.model_validate(settings, context={"plain_secrets": True})


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("http://example.com/", "example.com", True),
        ("http://a.example.com/", "example.com", True),
        ("http://example.com/", ".example.com", False),
        ("http://a.example.com/", "*.example.com", True),
        ("http://badexample.com/", "example.com", False),
        ("http://host:8080/", "host:8080", True),
        ("http://host/", "host:8080", False),
        ("https://host/", "host:443", True),
        ("http://10.1.2.3/", "10.0.0.0/8", True),
        ("http://11.1.2.3/", "10.0.0.0/8, 12.0.0.0/8", False),
        ("http://host/", "*", True),
        ("http://host/", "", False),
        ("http://localhost/", "", True),
        ("http://[::1]:80/", "", True),
    ],
)
def test_who_is_asked_directly(url: str, no_proxy: str, direct: bool) -> None:
    assert is_direct(url, no_proxy) is direct


def test_the_environment_is_heeded_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert config().proxy_to("http://host/") is None
    heeding = config(proxy_from_environment=True)
    found = heeding.proxy_to("http://host/")
    assert found is not None
    assert str(found.url) == "http://proxy:3128"
    assert heeding.proxy_to("http://inside.example/") is None


@pytest.mark.parametrize(
    "settings",
    [
        {"proxy_url": "http://a:1", "proxy_from_environment": True},
        {"no_proxy": "host"},
        {"proxy_url": "proxy:3128"},
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**settings)


async def test_a_proxy_is_asked_and_signed_in_to() -> None:
    async with catching() as proxy:
        through = {"proxy_url": proxy.url.replace("//", "//me:s3cret-word@")}
        to = notifier("webhook", {"url": "http://far.example/hook", "http_config": through})
        await send(to)
    assert proxy.caught[0].path == "http://far.example/hook"
    assert proxy.caught[0].headers["proxy-authorization"].startswith("Basic ")


async def test_a_proxy_that_refuses_is_named_and_its_password_is_not() -> None:
    async with catching(answer(407)) as proxy:
        through = {"proxy_url": proxy.url.replace("//", "//me:s3cret-word@")}
        to = notifier("webhook", {"url": "https://far.example/hook", "http_config": through})
        error = await failure(to)
    assert "407" in str(error)
    assert "s3cret-word" not in str(error)


async def test_a_proxy_that_leads_nowhere_has_sent_nothing() -> None:
    async with catching(reset) as proxy:
        to = notifier(
            "discord",
            {
                "webhook_url": "https://far.example/hook",
                "http_config": {
                    "proxy_url": proxy.url,
                    "proxy_connect_header": {"X-Team": ["ops"]},
                },
            },
        )
        error = await failure(to)
    assert proxy.caught[0].method == "CONNECT"
    assert proxy.caught[0].headers["x-team"] == "ops"
    assert (error.permanent, error.uncertain) == (False, False)


async def test_https_goes_through_a_tunnel() -> None:
    async def tunnel(request: Request, writer: asyncio.StreamWriter) -> None:
        await answer(200)(request, writer)
        writer.close()

    async with catching(tunnel) as proxy:
        to = notifier(
            "discord",
            {"webhook_url": "https://far.example/", "http_config": {"proxy_url": proxy.url}},
        )
        error = await failure(to)
    assert not error.uncertain
