"""Credentials: what is sent, and what does not go together."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.metrics.scraping.client import ClientConfig


def client(directory: Path = Path(), **settings: Any) -> ClientConfig:
    context = {"plain_secrets": True, "directory": directory}
    return ClientConfig.model_validate(settings, context=context)


def test_without_credentials_none_are_sent() -> None:
    assert client().authorization_header() is None
    assert client(tls_config=None, bearer_token="").authorization_header() is None


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"authorization": {"credentials": "xyzzy"}}, "Bearer xyzzy"),
        ({"authorization": {"type": " Token ", "credentials": "xyzzy"}}, "Token xyzzy"),
        ({"authorization": {"type": "", "credentials_file": "secret"}}, "Bearer in a file"),
        ({"bearer_token": "xyzzy"}, "Bearer xyzzy"),
        ({"bearer_token_file": "secret"}, "Bearer in a file"),
    ],
)
def test_a_token_is_sent(settings: dict[str, Any], header: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("in a file\n")
    assert client(tmp_path, **settings).authorization_header() == header


@pytest.mark.parametrize(
    ("basic_auth", "pair"),
    [
        ({"username": "anna", "password": "süß:1"}, "anna:süß:1"),
        ({"username_file": "user", "password_file": "secret"}, "otto:in a file"),
        ({"username": "anna"}, "anna:"),
        ({}, ":"),
    ],
)
def test_user_and_password_are_sent(basic_auth: Any, pair: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("in a file")
    (tmp_path / "user").write_text("otto")
    header = client(tmp_path, basic_auth=basic_auth).authorization_header()
    assert header is not None
    scheme, _, sent = header.partition(" ")
    assert (scheme, b64decode(sent).decode()) == ("Basic", pair)


def test_a_secret_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=f"file:{tmp_path}/none cannot be read"):
        client(tmp_path, bearer_token_file="none").authorization_header()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"bearer_token": "a", "bearer_token_file": "b"},
            "both bearer_token and bearer_token_file",
        ),
        ({"basic_auth": {}, "bearer_token": "a"}, "both basic_auth and bearer_token"),
        ({"basic_auth": {}, "authorization": {}}, "both basic_auth and authorization"),
        ({"authorization": {"type": "BASIC"}}, "write basic_auth instead"),
        ({"authorization": {"credentials": "a", "credentials_file": "b"}}, "both credentials and"),
        ({"basic_auth": {"username": "a", "username_file": "b"}}, "both username and"),
        ({"basic_auth": {"password": "a", "password_file": "b"}}, "both password and"),
    ],
)
def test_what_does_not_go_together_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        client(**settings)
