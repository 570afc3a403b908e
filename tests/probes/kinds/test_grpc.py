"""The `grpc` kind against a small health server that speaks real HTTP/2."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import h2.config
import h2.connection
import h2.errors
import h2.events
import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.servers.certificate import certified, server_context
from tests.servers.loopback import (
    Handler,
    serving,
    silent,
)

Connection = h2.connection.H2Connection
Answer = Callable[[Connection, int, dict[bytes, bytes], bytes], None]

_UNKNOWN, _SERVING, _NOT_SERVING = b"", b"\x08\x01", b"\x08\x02"


def framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def saying(message: bytes, trailers: Iterable[tuple[str, str]] = (("grpc-status", "0"),)) -> Answer:
    def answer(http2: Connection, stream: int, headers: Any, body: bytes) -> None:
        head = [(":status", "200"), ("content-type", "application/grpc")]
        http2.send_headers(stream, head)
        http2.send_data(stream, message)
        http2.send_headers(stream, list(trailers), end_stream=True)

    return answer


def refusing(*fields: tuple[str, str], http: str = "200") -> Answer:
    """Headers that are the trailers too, as servers refuse a call."""

    def answer(http2: Connection, stream: int, headers: Any, body: bytes) -> None:
        http2.send_headers(stream, [(":status", http), *fields], end_stream=True)

    return answer


def health(http2: Connection, stream: int, headers: dict[bytes, bytes], body: bytes) -> None:
    """A health service as the specification has it, for the server and for `store`."""
    assert headers[b":path"] == b"/grpc.health.v1.Health/Check"
    assert headers[b"content-type"] == b"application/grpc"
    assert headers[b"te"] == b"trailers"
    known = {framed(b""): _SERVING, framed(b"\x0a\x05store"): _NOT_SERVING}
    if body in known:
        saying(framed(known[body]))(http2, stream, headers, body)
    else:
        refusing(("grpc-status", "5"), ("grpc-message", "unknown%20service"))(
            http2, stream, headers, body
        )


def speaking(answer: Answer) -> Handler:
    """HTTP/2: reads one call, then answers it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http2 = Connection(h2.config.H2Configuration(client_side=False))
        http2.initiate_connection()
        headers: dict[bytes, bytes] = {}
        body = b""
        while data := await reader.read(65_536):
            for event in http2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    headers = dict(event.headers or ())
                if isinstance(event, h2.events.DataReceived):
                    body += event.data or b""
                if isinstance(event, h2.events.StreamEnded):
                    answer(http2, event.stream_id or 0, headers, body)
            writer.write(http2.data_to_send())
            await writer.drain()

    return handle


def address(port: int, **more: Any) -> Settings:
    return {"host": "127.0.0.1", "port": port, **more}


class TestGrpc(ServerContract):
    kind: ClassVar[str] = "grpc"

    def at(self, port: int) -> Settings:
        return address(port)

    @pytest.fixture
    async def healthy(self) -> AsyncIterator[Settings]:
        async with serving(speaking(health)) as port:
            yield address(port)

    async def test_it_measures_the_health(self, healthy: Settings) -> None:
        measured = (await look("grpc", healthy)).measurements
        assert (measured["status"], measured["grpc_status"]) == ("SERVING", "OK")
        assert 0 < float(measured["latency_seconds"]) < 2

    async def test_a_service_that_is_not_serving_is_down(self, healthy: Settings) -> None:
        outcome = await look("grpc", {**healthy, "service": "store"})
        assert outcome.state is State.DOWN
        assert outcome.message == "status = SERVING (is NOT_SERVING)"

    async def test_a_service_that_nobody_knows_is_down_and_quoted(self, healthy: Settings) -> None:
        outcome = await look("grpc", {**healthy, "service": "a" * 300})
        assert outcome.state is State.DOWN
        assert "NOT_FOUND: unknown service" in outcome.message
        assert outcome.measurements["grpc_status"] == "NOT_FOUND"
        assert "status" not in outcome.measurements

    @pytest.mark.parametrize(
        ("message", "status"),
        [(_UNKNOWN, "UNKNOWN"), (b"\x08\x00", "UNKNOWN"), (b"\x08\x03", "SERVICE_UNKNOWN")],
    )
    async def test_every_other_status_is_down(self, message: bytes, status: str) -> None:
        async with serving(speaking(saying(framed(message)))) as port:
            outcome = await look("grpc", address(port))
        assert outcome.state is State.DOWN
        assert outcome.measurements["status"] == status

    async def test_fields_of_a_later_version_are_passed_over(self) -> None:
        message = b"\x12\x02hi" + _SERVING + b"\x98\x06\x80\x01"
        async with serving(speaking(saying(framed(message)))) as port:
            outcome = await look("grpc", address(port))
        assert outcome.state is State.UP, outcome.message

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            framed(_SERVING)[:-1],
            b"\1" + framed(_SERVING)[1:],
            framed(b"\x08"),
            framed(b"\x08\x09"),
            framed(b"\x08" + b"\xff" * 60_000),
            framed(b"\x0a\xff\xff\xff\x0fx"),
            framed(b"\xff" * 9),
        ],
    )
    async def test_a_status_that_cannot_be_read_is_unknown(self, body: bytes) -> None:
        def answer(http2: Connection, stream: int, headers: Any, _: bytes) -> None:
            http2.send_headers(stream, [(":status", "200")])
            for start in range(0, len(body), 16_384):
                http2.send_data(stream, body[start : start + 16_384])
            http2.send_headers(stream, [("grpc-status", "0")], end_stream=True)

        async with serving(speaking(answer)) as port:
            outcome = await look("grpc", address(port))
        assert outcome.state is State.UNKNOWN, outcome.message
        assert "status" not in outcome.measurements

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (refusing(("grpc-status", "12")), "UNIMPLEMENTED"),
            (saying(b"", [("grpc-status", "14"), ("grpc-message", "no")]), "UNAVAILABLE: no"),
            (refusing(http="503"), "HTTP status 503 without a gRPC status"),
            (refusing(("grpc-status", "fine")), "without a gRPC status"),
            (lambda h, s, _, b: h.reset_stream(s, h2.errors.ErrorCodes(7)), "REFUSED_STREAM"),
            (lambda h, s, _, b: h.close_connection(h2.errors.ErrorCodes(11)), "ENHANCE_YOUR_CALM"),
        ],
    )
    async def test_a_call_that_fails_is_down_and_says_how(self, answer: Answer, said: str) -> None:
        async with serving(speaking(answer)) as port:
            outcome = await look("grpc", address(port))
        assert outcome.state is State.DOWN
        assert said in outcome.message
        assert f"127.0.0.1:{port}" in outcome.message

    async def test_a_web_server_of_another_age_is_down(self) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await silent(reader, writer)

        async with serving(handle) as port:
            outcome = await look("grpc", address(port))
        assert outcome.state is State.DOWN
        assert "not HTTP/2" in outcome.message

    @pytest.mark.parametrize(
        "frame",
        [
            b"\x00\x00\x08\x06\x00\x00\x00\x00\x00pingping",
            b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
            b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x01",
        ],
    )
    async def test_frames_without_end_are_cut_off(self, frame: bytes) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
            while True:
                writer.write(frame * 4096)
                await writer.drain()

        async with serving(handle) as port:
            outcome = await look("grpc", address(port))
        assert outcome.state is State.DOWN
        assert "larger than 64 KiB" in outcome.message

    async def test_over_tls_the_certificate_counts(self, tmp_path: Path) -> None:
        trusted, strange = await self._over_tls(tmp_path, "h2")
        assert trusted.state is State.UP, trusted.message
        assert strange.state is State.DOWN
        assert "not trusted" in strange.message

    async def test_over_tls_http2_must_be_offered(self, tmp_path: Path) -> None:
        outcome, _ = await self._over_tls(tmp_path)
        assert outcome.state is State.DOWN
        assert "does not offer HTTP/2" in outcome.message

    async def _over_tls(self, tmp_path: Path, *alpn: str) -> tuple[Any, Any]:
        ca, file = certified(tmp_path)
        async with serving(speaking(health), ssl=server_context(file, *alpn)) as port:
            trusted = await look("grpc", address(port, tls={"ca": str(ca)}))
            strange = await look("grpc", address(port, tls={}))
        return trusted, strange

    def test_a_port_that_cannot_be_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            make_check("grpc", address(0))
