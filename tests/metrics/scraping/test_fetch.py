"""A target is asked as Prometheus asks, and bad answers end."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from opsbook.metrics.scraping.fetch import Fetcher, FetchError
from tests.metrics.scraping.exposer import Exposer, make_target, requests
from tests.servers.certificate import certified, server_context
from tests.servers.loopback import Handler, answering, closing, free_port, serving, silent

BOMB = gzip.compress(b"a" * 10_000_000)


@asynccontextmanager
async def fetching(handler: Handler, **settings: Any) -> AsyncIterator[Fetcher]:
    settings.setdefault("scrape_timeout", "5s")
    async with serving(handler) as port:
        fetcher = Fetcher(make_target(port, **settings))
        yield fetcher
        fetcher.close()


def headers(request: str) -> dict[str, str]:
    pairs = (line.partition(": ") for line in request.splitlines()[1:] if line)
    return {name.lower(): value for name, _, value in pairs}


async def test_it_says_what_prometheus_says() -> None:
    exposer = Exposer("a 1\n")
    async with fetching(exposer, scrape_timeout="1500ms", params={"x": ["y z"]}) as fetcher:
        page = await fetcher.fetch()
    sent = headers(exposer.requests[0])
    assert exposer.requests[0].startswith("GET /metrics?x=y+z HTTP/1.1\r\n")
    assert sent["x-prometheus-scrape-timeout-seconds"] == "1.5"
    assert sent["accept-encoding"] == "gzip"
    assert sent["accept"].startswith("application/openmetrics-text;version=1.0.0")
    assert (page.body(), page.content_type) == (b"a 1\n", exposer.content_type)


async def test_one_connection_serves_many_scrapes() -> None:
    exposer = Exposer("a 1\n")
    async with fetching(exposer) as fetcher:
        for _ in range(5):
            await fetcher.fetch()
    assert (exposer.connections, len(exposer.requests)) == (1, 5)


async def test_a_connection_that_the_server_ended_meanwhile_is_made_again() -> None:
    async with fetching(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")) as fetcher:
        for _ in range(3):
            assert (await fetcher.fetch()).body() == b"a"


async def test_a_connection_that_the_server_ends_as_it_is_asked_is_made_again() -> None:
    asked = []

    async def second_time_deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads = requests(reader)
        await anext(heads)
        asked.append(True)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
        await anext(heads, None)

    async with fetching(second_time_deaf) as fetcher:
        for _ in range(3):
            assert (await fetcher.fetch()).body() == b"a"
    assert len(asked) == 3


async def test_a_packed_answer_is_opened() -> None:
    async with fetching(Exposer("a 1\n", packed=True)) as fetcher:
        assert (await fetcher.fetch()).body() == b"a 1\n"


async def test_no_packed_answer_is_asked_for_if_told_so() -> None:
    exposer = Exposer()
    async with fetching(exposer, enable_compression=False) as fetcher:
        await fetcher.fetch()
    assert headers(exposer.requests[0])["accept-encoding"] == "identity"


async def test_redirects_are_followed() -> None:
    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for request in requests(reader):
            if request.startswith(b"GET /metrics/ "):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
            else:
                writer.write(b"HTTP/1.1 301 x\r\nLocation: /metrics/\r\nContent-Length: 0\r\n\r\n")

    async with fetching(redirecting) as fetcher:
        assert (await fetcher.fetch()).body() == b"a"
    async with fetching(redirecting, follow_redirects=False) as fetcher:
        with pytest.raises(FetchError, match="HTTP status 301"):
            await fetcher.fetch()


async def test_redirects_in_a_circle_end() -> None:
    exposer = Exposer(status="302 Found", headers={"Location": "/metrics"})
    async with fetching(exposer) as fetcher:
        with pytest.raises(FetchError, match="redirects more than 10 times"):
            await fetcher.fetch()


async def test_credentials_do_not_follow_a_redirect_to_another_server() -> None:
    other = Exposer("a 1\n")
    async with serving(other) as port:
        exposer = Exposer(status="302 x", headers={"Location": f"http://127.0.0.1:{port}/"})
        async with fetching(exposer, basic_auth={"username": "me"}) as fetcher:
            await fetcher.fetch()
    assert "authorization" in headers(exposer.requests[0])
    assert "authorization" not in headers(other.requests[0])


async def test_a_token_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    file, exposer = tmp_path / "token", Exposer()
    async with fetching(exposer, authorization={"credentials_file": str(file)}) as fetcher:
        for token in ("first", "second"):
            file.write_text(f"{token}\n")
            await fetcher.fetch()
    sent = [headers(request)["authorization"] for request in exposer.requests]
    assert sent == ["Bearer first", "Bearer second"]


async def test_user_and_password_are_sent(tmp_path: Path) -> None:
    file, exposer = tmp_path / "password", Exposer()
    file.write_text("s3cret:ß")
    auth = {"username": "me", "password_file": str(file)}
    async with fetching(exposer, basic_auth=auth) as fetcher:
        await fetcher.fetch()
    token = headers(exposer.requests[0])["authorization"].removeprefix("Basic ")
    assert base64.b64decode(token).decode() == "me:s3cret:ß"


async def test_a_missing_token_fails_the_scrape_and_says_which(tmp_path: Path) -> None:
    file = tmp_path / "token"
    async with fetching(Exposer(), authorization={"credentials_file": str(file)}) as fetcher:
        with pytest.raises(FetchError, match=str(file)):
            await fetcher.fetch()


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    ca, server = certified(tmp_path)
    exposer = Exposer("a 1\n")
    async with serving(exposer, ssl=server_context(server)) as port:
        trusting = Fetcher(make_target(port, scheme="https", tls_config={"ca_file": str(ca)}))
        assert (await trusting.fetch()).body() == b"a 1\n"
        trusting.close()
        doubting = Fetcher(make_target(port, scheme="https"))
        with pytest.raises(FetchError, match="certificate not trusted"):
            await doubting.fetch()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One byte after the other, without end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"#")
        await writer.drain()
        await asyncio.sleep(0.005)


async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body without end, as fast as it can."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"#" * 65_536)
        await writer.drain()


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
    await writer.drain()
    writer.transport.abort()


@pytest.mark.parametrize("handler", [silent, dripping])
async def test_what_does_not_end_is_cut_at_the_timeout(
    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    async with fetching(handler, scrape_timeout="200ms") as fetcher:
        with pytest.raises(FetchError, match="no whole answer within 200 ms"):
            await fetcher.fetch()
        assert fetcher._connection is None


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (flooding, "larger than body_size_limit, 1 MiB"),
        (closing, "closed before|reset"),
        (resetting, "closed before|reset"),
        (Exposer(status="404 Not Found"), r"HTTP status 404 \(Not Found\)"),
        (Exposer(status="599 x"), "HTTP status 599$"),
        (Exposer(headers={"Content-Encoding": "br"}), "encoding br, unasked"),
        (Exposer(status="302 x", headers={"Location": "ftp://x/"}), "redirects to 'ftp://x/'"),
    ],
)
async def test_a_bad_answer_fails_with_its_reason(handler: Handler, reason: str) -> None:
    async with fetching(handler, body_size_limit="1MB") as fetcher:
        with pytest.raises(FetchError, match=reason) as caught:
            await fetcher.fetch()
    assert f"{fetcher._target.url}" in str(caught.value)


async def test_nobody_listens() -> None:
    with pytest.raises(FetchError, match="refused"):
        await Fetcher(make_target(free_port())).fetch()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (BOMB, "larger than body_size_limit, 1 MiB"),
        (gzip.compress(b"a" * 600_000) * 2, "larger than body_size_limit, 1 MiB"),
        (gzip.compress(b"hello")[:-9], "cut off"),
        (b"hello", "not gzip"),
    ],
    ids=["bomb", "two bombs", "cut off", "no gzip"],
)
async def test_what_cannot_be_opened_is_refused(body: bytes, reason: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    async with fetching(answering(head.encode() + body), body_size_limit="1MB") as fetcher:
        page = await fetcher.fetch()
        with pytest.raises(FetchError, match=reason):
            page.body()


async def test_cancelling_frees_the_connection() -> None:
    async with fetching(silent) as fetcher:
        task = asyncio.create_task(fetcher.fetch())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert fetcher._connection is None
