"""The `websocket` kind against real WebSocket servers, and what only looks like one."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.servers.certificate import certified, server_context
from tests.servers.loopback import (
    Handler,
    answering,
    closing,
    endless,
    free_port,
    garbage,
    serving,
    silent,
)

Conversation = Callable[[ServerConnection], Awaitable[None]]


def url(port: int) -> Settings:
    return {"url": f"ws://127.0.0.1:{port}/feed"}


async def echoing(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def accepting(then: Handler) -> Handler:
    """A real handshake by hand, then whatever the handler does on the open connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        writer.writelines(protocol.data_to_send())
        await then(reader, writer)

    return handle


class TestWebsocket(ServerContract):
    kind: ClassVar[str] = "websocket"

    def at(self, port: int) -> Settings:
        return url(port)

    @pytest.fixture
    async def healthy(self) -> AsyncIterator[Settings]:
        async with serve(echoing, "127.0.0.1", 0) as server:
            yield url(server.sockets[0].getsockname()[1])

    async def test_a_ping_is_the_round_trip(self, healthy: Settings) -> None:
        measured = (await look("websocket", healthy)).measurements
        assert set(measured) == {"handshake_seconds", "roundtrip_seconds"}
        assert all(0 < float(value) < 2 for value in measured.values())

    async def test_the_answer_to_a_message_can_be_judged(self, healthy: Settings) -> None:
        settings = {**healthy, "send": '{"ready": true, "queue": 3}'}
        outcome = await look(
            "websocket",
            {**settings, "extract": {"values": {"queue": "queue"}, "find": {"word": "re.dy"}}},
            conditions={"queue": {"at_most": 2}, "word": {"equals": "ready"}},
        )
        assert outcome.state is State.DOWN
        assert outcome.message == "queue ≤ 2 (is 3)"
        assert outcome.measurements["answer"] == '{"ready": true, "queue": 3}'

    async def test_it_says_goodbye(self) -> None:
        codes = []

        async def noting(connection: ServerConnection) -> None:
            await connection.wait_closed()
            codes.append(connection.close_code)

        async with serve(noting, "127.0.0.1", 0) as server:
            await look("websocket", url(server.sockets[0].getsockname()[1]))
            await asyncio.sleep(0.05)
        assert codes == [1000]

    async def test_a_server_that_does_not_say_goodbye_is_still_up(self) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\x81\x02hi")
            await silent(reader, writer)

        async with serving(accepting(handle)) as port:
            outcome = await look("websocket", {**url(port), "send": "hi"}, timeout="1s")
        assert outcome.state is State.UP, outcome.message

    async def test_messages_that_nobody_asked_for_do_not_hide_the_pong(self) -> None:
        async def chatting(connection: ServerConnection) -> None:
            while True:
                await connection.send("news " * 1000)

        async with serve(chatting, "127.0.0.1", 0) as server:
            outcome = await look("websocket", url(server.sockets[0].getsockname()[1]))
        assert outcome.state is State.UP, outcome.message

    @pytest.mark.parametrize("then", [silent, closing, garbage])
    async def test_open_and_then_no_answer_is_down(self, then: Handler) -> None:
        async with serving(accepting(then)) as port:
            outcome = await look("websocket", {**url(port), "send": "hi"}, timeout="500ms")
            pinged = await look("websocket", url(port), timeout="500ms")
        assert (outcome.state, pinged.state) == (State.DOWN, State.DOWN)
        assert f"127.0.0.1:{port}" in outcome.message

    @pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "503 Service Unavailable"])
    async def test_only_101_opens_it(self, status: str) -> None:
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(answering(answer)) as port:
            outcome = await look("websocket", url(port))
        assert outcome.state is State.DOWN
        assert f"HTTP status {status[:3]} instead of 101" in outcome.message

    async def test_a_redirect_is_not_followed(self, healthy: Settings) -> None:
        head = f"HTTP/1.1 302 Found\r\nLocation: {healthy['url']}\r\nContent-Length: 0\r\n\r\n"
        async with serving(answering(head.encode())) as port:
            outcome = await look("websocket", url(port))
        assert outcome.state is State.DOWN
        assert "302" in outcome.message

    async def test_a_gigabyte_takes_no_memory(self) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\x81\x7f" + (2**30).to_bytes(8, "big"))
            await endless(reader, writer)

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with serving(accepting(handle)) as port:
            outcome = await look("websocket", {**url(port), "send": "hi"}, timeout="2s")
        assert outcome.state is State.DOWN
        assert "larger than 1 MiB" in outcome.message
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024

    @pytest.mark.parametrize("frame", [b"\x89\x00", b"\x8a\x00"])
    async def test_frames_without_end_are_cut_off(self, frame: bytes) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                writer.write(frame * 65_536)
                await writer.drain()

        async with serving(accepting(handle)) as port:
            outcome = await look("websocket", {**url(port), "send": "hi"})
        assert outcome.state is State.DOWN
        assert "more than 10000 frames" in outcome.message

    async def test_a_subprotocol_must_be_agreed_on(self, healthy: Settings) -> None:
        spoken = [Subprotocol("chat.v2")]
        async with serve(echoing, "127.0.0.1", 0, subprotocols=spoken) as server:
            settings = url(server.sockets[0].getsockname()[1])
            agreed = await look("websocket", {**settings, "subprotocol": "chat.v2"})
        refused = await look("websocket", {**healthy, "subprotocol": "chat.v2"})
        assert agreed.state is State.UP, agreed.message
        assert refused.state is State.DOWN
        assert "chat.v2" in refused.message

    async def test_a_secret_header_goes_out_but_is_never_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FEED_TOKEN", "s3cret-f33d")

        def admit(connection: ServerConnection, request: Request) -> Response | None:
            known = request.headers.get("X-Token") == "s3cret-f33d"
            return None if known else connection.respond(401, "no")

        async def telling(connection: ServerConnection) -> None:
            await connection.send(f"welcome s3cret-f33d, you said {await connection.recv()!r}")

        async with serve(telling, "127.0.0.1", 0, process_request=admit) as server:
            settings = url(server.sockets[0].getsockname()[1])
            with_token = {"headers": {"X-Token": "env:FEED_TOKEN"}, "send": "hi"}
            outcome = await look("websocket", {**settings, **with_token})
            without = await look("websocket", settings)
        assert outcome.state is State.UP, outcome.message
        assert outcome.measurements["answer"] == "welcome ***, you said 'hi'"
        assert without.state is State.DOWN

    async def test_over_tls_the_certificate_counts(self, tmp_path: Path) -> None:
        ca, file = certified(tmp_path)
        async with serve(echoing, "127.0.0.1", 0, ssl=server_context(file)) as server:
            settings = {"url": f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
            trusted = await look("websocket", {**settings, "tls": {"ca": str(ca)}})
            strange = await look("websocket", settings)
        assert trusted.state is State.UP, trusted.message
        assert strange.state is State.DOWN
        assert "not trusted" in strange.message

    async def test_the_environments_proxy_is_not_asked(
        self, healthy: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
        monkeypatch.delenv("no_proxy", raising=False)
        outcome = await look("websocket", healthy)
        assert outcome.state is State.UP, outcome.message

    async def test_failures_are_told_once_and_not_logged_too(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        for handler in (closing, garbage, accepting(closing), accepting(garbage)):
            async with serving(handler) as port:
                await look("websocket", url(port))
        assert caplog.records == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"url": "http://h/"},
            {"url": "ws://"},
            {"url": "ws://u:p@h/"},
            {"url": "ws://h/#x"},
            {"url": "ws://h:99999/"},
            {"url": "ws://h/", "extract": {"find": {"a": "b"}}},
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match=r"URL|give `send`"):
            make_check("websocket", wrong)
