"""Asking a server from any thread."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.metrics.remote.client import Access, Client, UnreachableError, UnwantedError
from opsbook.metrics.remote.snappy import deflated
from opsbook.probes.tls import Trust
from tests.metrics.remote.taker import Taker, taker

EMPTY = deflated(b"")


@pytest.fixture(scope="module")
def server() -> Iterator[Taker]:
    with taker() as running:
        yield running


@pytest.fixture
def silent() -> Iterator[str]:
    """Connections are accepted, and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def opened(**access: object) -> Client:
    return Client(Access(**{"headers": dict, **access}))  # type: ignore[arg-type]


def test_an_answer_has_its_status_and_its_words(server: Taker) -> None:
    client = opened()
    server.status = 503
    answer = client.ask("POST", server.url, content=EMPTY)
    server.status = 204
    assert (answer.status, answer.text) == (503, "no!")
    client.close()


def test_headers_are_asked_for_at_each_request(server: Taker) -> None:
    tokens = iter("ab")
    client = opened(headers=lambda: {"Authorization": f"Bearer {next(tokens)}"})
    server.status = 204
    seen = []
    for _ in range(2):
        client.ask("POST", server.url, content=EMPTY)
        seen.append(server.headers["Authorization"])
    assert seen == ["Bearer a", "Bearer b"]
    client.close()


def test_a_missing_secret_is_told(server: Taker) -> None:
    def headers() -> Mapping[str, str]:
        raise BadInputError("secret env:X is missing")

    client = opened(headers=headers)
    with pytest.raises(BadInputError, match="env:X is missing"):
        client.ask("POST", server.url, content=EMPTY)
    client.close()


def test_a_server_that_never_answers_is_left(silent: str) -> None:
    client = opened(timeout=0.1)
    with pytest.raises(UnreachableError, match="no answer within 100 ms"):
        client.ask("GET", silent)
    client.close()


def test_an_answer_that_is_not_wanted_any_more_is_not_waited_for(silent: str) -> None:
    client = opened()
    until = time.monotonic() + 0.1
    with pytest.raises(UnwantedError, match="canceled"):
        client.ask("GET", silent, cancelled=lambda: time.monotonic() > until)
    assert time.monotonic() - until < 1.0
    client.close()


def test_closing_ends_what_is_being_asked(silent: str) -> None:
    client = opened()
    threading.Timer(0.1, client.close).start()
    with pytest.raises(UnreachableError, match="closed before there was an answer"):
        client.ask("GET", silent)


def test_an_answer_that_is_too_large_is_not_read(server: Taker) -> None:
    client = opened(largest=2)
    server.status = 500
    with pytest.raises(UnreachableError, match="larger than 2 B"):
        client.ask("POST", server.url, content=EMPTY)
    server.status = 204
    client.close()


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    client = opened(tls=Trust(ca=tmp_path / "none.pem"))
    with pytest.raises(UnreachableError, match=r"cannot use .*none\.pem"):
        client.ask("GET", "https://127.0.0.1:9/")
    client.close()
