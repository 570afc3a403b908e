"""RESP2 as it is read by those who wait and by those who block."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.probes.resp import LONGEST_LINE, Bounds, ReplyError, Resp, command, reply, unspoken


def read(sent: bytes, bounds: Bounds | None = None) -> Any:
    """The reply in what a server has sent."""
    reading = reply(bounds or Bounds())
    wanted = next(reading)
    while True:
        if wanted is None:
            end = sent.find(b"\r\n") + 2
            given, sent = (sent[:end], sent[end:]) if end > 1 else (sent, b"")
        else:
            given, sent = sent[:wanted], sent[wanted:]
        try:
            wanted = reading.send(given)
        except StopIteration as ended:
            assert sent == b""
            return ended.value


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b"+OK\r\n", "OK"),
        (b":-7\r\n", -7),
        (b"$0\r\n\r\n", b""),
        (b"$4\r\n\r\n\xff\x00\r\n", b"\r\n\xff\x00"),
        (b"$-1\r\n", None),
        (b"*-1\r\n", None),
        (b"*0\r\n", []),
        (b"*3\r\n:1\r\n*1\r\n$1\r\na\r\n+b\r\n", [1, [b"a"], "b"]),
    ],
)
def test_replies_are_read(sent: bytes, meant: Any) -> None:
    assert read(sent) == meant


def test_a_refusal_is_a_reply_also_in_a_list() -> None:
    assert str(read(b"-ERR no\r\n")) == "ERR no"
    assert isinstance(read(b"*1\r\n-ERR no\r\n")[0], ReplyError)


@pytest.mark.parametrize(
    "sent",
    [
        b"$9999999999\r\n",
        b"$-5\r\n",
        b"*999999\r\n",
        b"*1\r\n" * 6,
        b"$x\r\n",
        b"HTTP/1.1 400\r\n",
        b"\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"a" * LONGEST_LINE,
    ],
)
def test_what_is_no_reply_or_has_no_bounds_is_refused(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r"Redis|too long|TLS"):
        read(sent)


def test_bounds_are_those_of_who_reads() -> None:
    with pytest.raises(ValueError, match="too long"):
        read(b"$3\r\nabc\r\n", Bounds(text=2))
    assert read(b"*1\r\n" * 5 + b":1\r\n", Bounds(deep=5)) == [[[[[1]]]]]


@pytest.mark.parametrize("sent", [b"", b"+O", b"$4"])
def test_a_reply_that_is_cut_off_is_an_end(sent: bytes) -> None:
    with pytest.raises(EOFError):
        read(sent)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5))
def test_words_are_sent_as_the_bytes_that_they_are(words: list[bytes]) -> None:
    assert read(command(words)) == words


def test_numbers_and_text_are_words() -> None:
    assert command(["GET", 7]) == b"*2\r\n$3\r\nGET\r\n$1\r\n7\r\n"


async def test_commands_sent_together_are_answered_in_turn() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"two\r\n")
        writer.write(b"+one\r\n-ERR two\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_LINE)
        resp = Resp(reader, writer)
        one, two = await resp.ask_all([("one",), ("two",)])
        assert (one, str(two)) == ("one", "ERR two")
        with pytest.raises(EOFError):
            await resp.ask("three")
        writer.close()


def test_where_only_one_side_speaks_tls_it_is_said_what_to_look_at() -> None:
    hint = "do both speak TLS on this port"
    assert hint in unspoken(ConnectionAbortedError("SSL handshake is taking too long"))
    assert hint in unspoken(ConnectionResetError(104, "Connection reset by peer"))
    assert hint not in unspoken(ConnectionRefusedError(111, "Connection refused"))
