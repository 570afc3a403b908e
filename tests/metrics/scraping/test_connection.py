"""Connections outlive their answers."""

import asyncio

import pytest

from opsbook.metrics.scraping.connection import BadAnswerError, Connection, UnansweredError
from tests.metrics.scraping.exposer import requests
from tests.servers.loopback import Handler, answering, closing, endless, garbage, serving

MANY = b"".join(b"name-%d: value\r\n" % number for number in range(300))
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def connect(port: int, largest: int = 1_000) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(largest), "127.0.0.1", port)
    return connection


def repeating(answer: bytes) -> Handler:
    """The same answer to each question on one connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for _ in requests(reader):
            writer.write(answer)

    return handle


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ],
    ids=["length", "chunked", "continue"],
)
async def test_it_is_asked_again_and_again(answer: bytes) -> None:
    async with serving(repeating(answer)) as port:
        connection = await connect(port)
        answers = [await connection.ask(REQUEST) for _ in range(3)]
        assert [(one.status, bytes(one.body)) for one in answers] == [(200, b"hi")] * 3
        assert connection.usable
        connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\n\r\nhi",
    ],
    ids=["said", "without a length"],
)
async def test_it_ends_where_the_server_ends_it(answer: bytes) -> None:
    async with serving(answering(answer)) as port:
        connection = await connect(port)
        assert bytes((await connection.ask(REQUEST)).body) == b"hi"
        assert not connection.usable


async def test_bytes_that_nobody_asked_for_end_it() -> None:
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" * 2
    async with serving(repeating(twice)) as port:
        connection = await connect(port)
        answer = await connection.ask(REQUEST)
        assert (bytes(answer.body), connection.usable) == (b"hi", False)


async def test_a_connection_that_ends_before_an_answer_may_be_tried_again() -> None:
    async with serving(closing) as port:
        connection = await connect(port)
        with pytest.raises(UnansweredError):
            await connection.ask(REQUEST)


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (garbage, "not HTTP"),
        (endless, "not HTTP"),
        (answering(b"HTTP/1.1 200 OK\r\n" + MANY), "more than 200 headers"),
        (answering(b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000), "headers without end"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), "closed before"),
        (answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"b" * 1_001), "body_size_limit, 1000 B"),
    ],
)
async def test_bad_answers_are_refused(handler: Handler, reason: str) -> None:
    async with serving(handler) as port:
        connection = await connect(port)
        with pytest.raises(BadAnswerError, match=reason):
            await connection.ask(REQUEST)
        assert not connection.usable


async def test_an_answer_is_not_kept() -> None:
    async with serving(repeating(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")) as port:
        connection = await connect(port)
        await connection.ask(REQUEST)
        assert not connection._answer.body
        connection.close()
