"""From where a request comes."""

import pytest
from starlette.requests import HTTPConnection

from opsbook.web.origin import same_origin, scheme_of, sender


def connection(scheme: str = "ws", **headers: str) -> HTTPConnection:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    client = ("192.0.2.7", 1)
    return HTTPConnection(
        {"type": "websocket", "scheme": scheme, "headers": sent, "client": client}
    )


@pytest.mark.parametrize(
    ("scheme", "host", "origin", "same"),
    [
        ("ws", "127.0.0.1:7070", "http://127.0.0.1:7070", True),
        ("wss", "ops.example", "https://ops.example", True),
        ("wss", "ops.example:443", "https://ops.example", True),
        ("wss", "OPS.example", "https://ops.example", True),
        ("ws", "[::1]:7070", "http://[::1]:7070", True),
        ("ws", "127.0.0.1:7070", "http://127.0.0.1:7071", False),
        ("ws", "127.0.0.1:7070", "http://127.0.0.1", False),
        ("ws", "127.0.0.1:7070", "https://127.0.0.1:7070", False),
        ("wss", "ops.example", "http://ops.example", False),
        ("wss", "ops.example", "https://evil.ops.example", False),
        ("wss", "ops.example", "https://ops.example.evil", False),
        ("ws", "127.0.0.1:7070", "http://localhost:7070", False),
        ("ws", "127.0.0.1:7070", "null", False),
        ("ws", "127.0.0.1:7070", "", False),
        ("ws", "127.0.0.1:7070", "http://127.0.0.1:x", False),
        ("ws", "", "http://", False),
    ],
)
def test_a_page_of_ours_has_our_scheme_name_and_port(
    scheme: str, host: str, origin: str, same: bool
) -> None:
    assert same_origin(connection(scheme, host=host, origin=origin)) is same


def test_a_program_that_names_no_origin_shows_a_token() -> None:
    assert not same_origin(connection(host="127.0.0.1:7070"))
    assert not same_origin(connection(host="127.0.0.1:7070", cookie="opsbook_session=x"))
    assert same_origin(connection(host="127.0.0.1:7070", authorization="Bearer x"))


def test_a_token_is_no_way_around_a_foreign_origin() -> None:
    sent = {"host": "127.0.0.1:7070", "origin": "http://evil.example"}
    assert not same_origin(connection(authorization="Bearer x", **sent))


def test_the_sender_and_the_scheme_are_told() -> None:
    assert (sender(connection()), scheme_of(connection("wss"))) == ("192.0.2.7", "https")
