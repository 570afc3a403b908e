"""The `http` kind against real servers, good and bad."""

import resource
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.servers.loopback import (
    answering,
    endless,
    serving,
)


def url(port: int, path: str = "/") -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:{port}{path}"}


def reply(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


class TestHttp(ServerContract):
    kind: ClassVar[str] = "http"

    def at(self, port: int) -> Settings:
        return url(port)

    @pytest.fixture
    async def healthy(self) -> AsyncIterator[Settings]:
        async with serving(answering(reply(b"fine"))) as port:
            yield url(port)

    @pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "302 Found"])
    async def test_connected_is_not_well(self, status: str) -> None:
        async with serving(answering(reply(b"", status))) as port:
            outcome = await look("http", url(port))
        assert outcome.state is State.DOWN
        assert f"is {status[:3]}" in outcome.message

    async def test_a_gigabyte_takes_neither_time_nor_memory(self) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            await endless(reader, writer)

        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        async with serving(handler) as port:
            outcome = await look("http", url(port))
        assert outcome.state is State.DOWN
        assert "larger than 1 MiB" in outcome.message
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
        assert time.monotonic() - started < 3

    async def test_headers_without_end_are_cut_off(self) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"X-More: " + b"y" * 60_000 + b"\r\n")
                await writer.drain()

        async with serving(handler) as port:
            assert (await look("http", url(port))).state is State.DOWN

    async def test_a_redirect_loop_ends(self) -> None:
        answer = reply(b"", "302 Found", "Location: /again\r\n")
        async with serving(answering(answer)) as port:
            outcome = await look("http", {**url(port), "redirects": 5})
        assert outcome.state is State.DOWN
        assert "more than 5 times" in outcome.message

    async def test_parts_of_the_body_and_headers_are_measured(self) -> None:
        body = b'{"status": "ok", "data": [{"id": "mistral"}, {"id": "qwen"}], "load": 0.5}'
        async with serving(answering(reply(body, headers="X-Version: 2.1\r\n"))) as port:
            outcome = await look(
                "http",
                {
                    **url(port),
                    "header_values": {"version": "X-Version"},
                    "extract": {
                        "values": {"health": "status", "models": "data[*].id", "load": "load"},
                        "find": {"word": '"(st\\w+)"'},
                    },
                },
                conditions={
                    "health": {"equals": "ok"},
                    "models": {"contains": "mistral"},
                    "load": {"at_most": {"warning": 0.4, "critical": 0.9}},
                },
            )
        assert outcome.state is State.DEGRADED
        assert outcome.message == "load ≤ 0.4 else degraded, ≤ 0.9 else down (is 0.5)"
        assert outcome.measurements["version"] == "2.1"
        assert outcome.measurements["word"] == "status"

    @pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"health": null}', b'{"health": []}'])
    async def test_a_field_that_is_missing_is_unknown_and_never_zero(self, body: bytes) -> None:
        async with serving(answering(reply(body))) as port:
            outcome = await look(
                "http",
                {**url(port), "extract": {"values": {"health": "health.score"}}},
                conditions={"health": {"at_least": 0}},
            )
        assert outcome.state is State.UNKNOWN
        assert "health" not in outcome.measurements

    async def test_a_chunked_answer_and_one_that_ends_by_closing_are_read_whole(self) -> None:
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        unframed = b"HTTP/1.0 200 OK\r\n\r\nok"
        for answer in (chunked, unframed):
            async with serving(answering(answer)) as port:
                outcome = await look("http", url(port))
            assert outcome.state is State.UP, outcome.message
            assert outcome.measurements["body_bytes"] == 2

    async def test_an_answer_that_ends_too_soon_is_down(self) -> None:
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
        async with serving(answering(cut)) as port:
            assert (await look("http", url(port))).state is State.DOWN

    async def test_a_secret_goes_out_but_is_never_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PROBE_TOKEN", "s3cret-t0ken")
        seen = bytearray()

        async def handler(reader: Any, writer: Any) -> None:
            seen.extend(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply(b"echo s3cret-t0ken", "401 Unauthorized"))

        async with serving(handler) as port:
            settings = {**url(port), "bearer": "env:PROBE_TOKEN"}
            outcome = await look("http", {**settings, "extract": {"find": {"said": "echo .*"}}})
        assert b"Authorization: Bearer s3cret-t0ken" in seen
        assert "s3cret" not in str(outcome)
        assert "s3cret" not in repr(make_check("http", settings).settings)

    @pytest.mark.parametrize(
        "wrong", ["ftp://x/", "http://", "http://u:p@x/", "http://x/ y", "http://x:99999/"]
    )
    def test_a_url_that_cannot_be_asked_is_refused(self, wrong: str) -> None:
        with pytest.raises(ValidationError, match="URL"):
            make_check("http", {"url": wrong})
