"""Commands and replies over a connection that blocks."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from opsbook.backups.rdb.address import Address
from opsbook.backups.rdb.client import client
from opsbook.backups.source import SourceError
from tests.servers.redis import Redis, redis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


def test_values_are_the_bytes_that_they_are(server: Redis) -> None:
    value = bytes(range(256)) * 20_000
    with client(Address(server.host, server.port), db=2) as asked:
        assert asked.ask("SET", b"\r\n\xff", value) == "OK"
        assert asked.ask("GET", b"\r\n\xff") == value
        assert asked.ask("GET", "nothing") is None
        assert asked.key_counts()["db2"] == 1


def test_lists_in_lists_are_read_as_deep_as_a_server_of_today_tells_them(server: Redis) -> None:
    with client(Address(server.host, server.port)) as asked:
        assert asked.knows("config")
        assert not asked.knows("no-such-command")


def test_a_refusal_is_told_with_the_command_and_the_server(server: Redis) -> None:
    with (
        client(Address(server.host, server.port)) as asked,
        pytest.raises(SourceError, match=f":{server.port}: INCR was answered: ERR"),
    ):
        asked.ask_all([("SET", "text", "a"), ("INCR", "text"), ("GET", "text")])


@contextlib.contextmanager
def answering(content: bytes) -> Iterator[Address]:
    """A server that says this to whoever asks, and leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(content)

        thread = threading.Thread(target=answer)
        thread.start()
        yield Address("127.0.0.1", listening.getsockname()[1])
        thread.join()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "closed the connection before it had answered"),
        (b"+PO", "closed the connection before it had answered"),
        (b"$10\r\nabc", "closed the connection in the middle of an answer"),
        (b"HTTP/1.1 400 Bad Request\r\n", "this is no Redis server"),
        (b"$99999999999\r\n", "too long"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "it speaks TLS on this port"),
    ],
)
def test_what_is_no_whole_answer_is_told(content: bytes, said: str) -> None:
    with (
        answering(content) as address,
        client(address) as asked,
        pytest.raises(SourceError, match=said),
    ):
        asked.ask("PING")
