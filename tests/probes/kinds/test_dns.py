"""The `dns` kind against a real, small name server."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, cast

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import HangingContract, ProbeContract, Settings
from tests.servers.loopback import Handler, closing, endless, free_port, serving, silent

_ZONE = {
    ("a.example.", "A"): (300, ["192.0.2.2", "192.0.2.1"]),
    ("a.example.", "AAAA"): (300, ["2001:db8::1"]),
    ("a.example.", "MX"): (300, ["10 mx.example."]),
    ("a.example.", "TXT"): (300, ['"v=spf1 -all"']),
    ("a.example.", "CAA"): (300, ['0 issue "ca.example"']),
    ("www.example.", "CNAME"): (60, ["a.example."]),
    ("_db._tcp.example.", "SRV"): (300, ["0 5 5432 db.example."]),
    ("2.2.0.192.in-addr.arpa.", "PTR"): (300, ["a.example."]),
    ("large.example.", "TXT"): (300, [f'"{number:0>200}"' for number in range(50)]),
}

Answer = Callable[[dns.message.Message], bytes | None]


def from_zone(query: dns.message.Message) -> bytes:
    """A well-behaved server: NXDOMAIN for no such name, an empty answer for no such type."""
    response = dns.message.make_response(query)
    name, kind = query.question[0].name.to_text(), query.question[0].rdtype
    if all(known != name for known, _ in _ZONE):
        response.set_rcode(dns.rcode.NXDOMAIN)
    for known, own in ((name, kind.name), (name, "CNAME"), ("a.example.", kind.name)):
        followed = known == name or response.answer
        if followed and (known, own) in _ZONE:
            ttl, records = _ZONE[known, own]
            response.answer.append(dns.rrset.from_text_list(known, ttl, "IN", own, records))
    return response.to_wire(max_size=65_535)


def failing(rcode: dns.rcode.Rcode) -> Answer:
    def answer(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response.to_wire()

    return answer


def truncated(query: dns.message.Message) -> bytes:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return response.to_wire()


def forged(query: dns.message.Message) -> bytes:
    """A right answer to a question with another number: somebody's guess."""
    response = dns.message.from_wire(from_zone(query))
    response.id ^= 1
    return response.to_wire()


class _Server(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, sender: tuple[str | Any, int]) -> None:
        answer = self._answer(dns.message.from_wire(data))
        if answer is not None:
            self._transport.sendto(answer, sender)


@contextlib.asynccontextmanager
async def answering(answer: Answer, port: int = 0) -> AsyncIterator[Settings]:
    """A name server on UDP; yields settings for the name it knows."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Server(answer), local_addr=("127.0.0.1", port)
    )
    try:
        port = transport.get_extra_info("sockname")[1]
        yield {"name": "a.example", "server": "127.0.0.1", "port": port}
    finally:
        transport.close()


def _flood(sock: socket.socket, ended: threading.Event) -> None:
    sock.settimeout(2)
    _, sender = sock.recvfrom(4096)
    while not ended.is_set():
        sock.sendto(b"\xff" * 40_000, sender)


def over_tcp(answer: Answer) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        wire = answer(dns.message.from_wire(await reader.readexactly(length))) or b""
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()

    return handle


def tcp(port: int) -> Settings:
    return {"name": "a.example", "server": "127.0.0.1", "port": port, "tcp": True}


class TestDns(ProbeContract, HangingContract):
    kind: ClassVar[str] = "dns"

    @pytest.fixture
    async def healthy(self) -> AsyncIterator[Settings]:
        async with answering(from_zone) as settings:
            yield settings

    @pytest.fixture
    async def broken(self) -> AsyncIterator[Settings]:
        async with answering(failing(dns.rcode.NXDOMAIN)) as settings:
            yield settings

    @pytest.fixture
    async def silent(self) -> AsyncIterator[Settings]:
        async with answering(lambda query: None) as settings:
            yield settings

    @pytest.mark.parametrize(
        ("name", "kind", "records"),
        [
            ("a.example", "A", "192.0.2.1,192.0.2.2"),
            ("a.example", "AAAA", "2001:db8::1"),
            ("a.example", "MX", "10 mx.example."),
            ("a.example", "TXT", '"v=spf1 -all"'),
            ("a.example", "CAA", '0 issue "ca.example"'),
            ("www.example", "CNAME", "a.example."),
            ("_db._tcp.example", "SRV", "0 5 5432 db.example."),
            ("192.0.2.2", "PTR", "a.example."),
            ("2.2.0.192.in-addr.arpa", "PTR", "a.example."),
        ],
    )
    async def test_the_records_are_measured(
        self, healthy: Settings, name: str, kind: str, records: str
    ) -> None:
        outcome = await look("dns", {**healthy, "name": name, "type": kind})
        assert outcome.state is State.UP, outcome.message
        assert outcome.measurements["records"] == records
        assert outcome.measurements["answers"] == records.count(",") + 1
        assert outcome.measurements["rcode"] == "NOERROR"

    async def test_an_alias_is_followed_and_its_shorter_life_counts(
        self, healthy: Settings
    ) -> None:
        outcome = await look("dns", {**healthy, "name": "www.example"})
        assert outcome.measurements["records"] == "192.0.2.1,192.0.2.2"
        assert outcome.measurements["ttl_seconds"] == 60

    async def test_a_name_that_is_not_there_is_down(self, healthy: Settings) -> None:
        outcome = await look("dns", {**healthy, "name": "gone.example"})
        assert outcome.state is State.DOWN
        assert "NXDOMAIN" in outcome.message
        assert outcome.measurements["rcode"] == "NXDOMAIN"
        assert "answers" not in outcome.measurements

    async def test_a_name_without_such_a_record_is_down(self, healthy: Settings) -> None:
        outcome = await look("dns", {**healthy, "type": "NS"})
        assert outcome.state is State.DOWN
        assert "no such record" in outcome.message
        assert "answers" not in outcome.measurements

    @pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
    async def test_a_server_that_fails_is_down_and_quoted(self, rcode: dns.rcode.Rcode) -> None:
        async with answering(failing(rcode)) as settings:
            outcome = await look("dns", settings)
        assert outcome.state is State.DOWN
        assert rcode.name in outcome.message
        assert outcome.measurements["rcode"] == rcode.name

    @pytest.mark.parametrize("answer", [forged, lambda query: b"\xff" * 600, lambda query: b""])
    async def test_what_does_not_answer_the_question_is_passed_over(self, answer: Answer) -> None:
        async with answering(answer) as settings:
            outcome = await look("dns", settings, timeout="300ms")
        assert outcome.state is State.DOWN
        assert "no answer" in outcome.message

    async def test_a_flood_of_datagrams_does_not_outlast_the_deadline(self) -> None:
        ended = threading.Event()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            flood = threading.Thread(target=_flood, args=(sock, ended))
            flood.start()
            try:
                settings = {"server": "127.0.0.1", "port": sock.getsockname()[1]}
                outcome = await look("dns", {"name": "a.example", **settings}, timeout="300ms")
            finally:
                ended.set()
                flood.join()
        assert outcome.state is State.DOWN
        assert outcome.duration < 2

    async def test_a_lost_query_is_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("opsbook.probes.kinds.dns._ANSWER_WITHIN", 0.1)
        asked: list[object] = []

        def second_time(query: dns.message.Message) -> bytes | None:
            asked.append(query)
            return from_zone(query) if len(asked) == 2 else None

        async with answering(second_time) as settings:
            outcome = await look("dns", settings)
        assert outcome.state is State.UP, outcome.message
        assert float(outcome.measurements["latency_seconds"]) >= 0.1

    async def test_it_asks_over_tcp(self) -> None:
        async with serving(over_tcp(from_zone)) as port:
            outcome = await look("dns", tcp(port))
        assert outcome.measurements["records"] == "192.0.2.1,192.0.2.2"

    async def test_an_answer_too_large_for_udp_is_asked_for_over_tcp(self) -> None:
        async with (
            serving(over_tcp(from_zone)) as port,
            answering(truncated, port) as settings,
        ):
            outcome = await look("dns", {**settings, "name": "large.example", "type": "TXT"})
        assert outcome.state is State.UP, outcome.message
        assert outcome.measurements["answers"] == 50
        assert len(str(outcome.measurements["records"])) == 500

    @pytest.mark.parametrize("handler", [closing, endless])
    async def test_what_is_no_name_server_is_down(self, handler: Handler) -> None:
        async with serving(handler) as port:
            outcome = await look("dns", tcp(port))
        assert outcome.state is State.DOWN
        assert f"A a.example at 127.0.0.1:{port}" in outcome.message
        assert "no answer" not in outcome.message

    async def test_a_closed_tcp_port_is_down_at_once(self) -> None:
        outcome = await look("dns", tcp(free_port()))
        assert outcome.state is State.DOWN
        assert "no answer" not in outcome.message

    async def test_silence_over_tcp_ends_at_the_deadline(self) -> None:
        async with serving(silent) as port:
            outcome = await look("dns", tcp(port), timeout="300ms")
        assert outcome.message.startswith("no answer")

    @pytest.mark.parametrize("first", ["127.0.0.2", "127.0.0.3"])
    async def test_without_a_server_the_systems_are_asked_until_one_answers(
        self, monkeypatch: pytest.MonkeyPatch, first: str
    ) -> None:
        def configured(resolver: dns.resolver.Resolver, file: Any) -> None:
            resolver.nameservers = [first, "127.0.0.1"]

        monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", configured)
        monkeypatch.setattr("opsbook.probes.kinds.dns._ANSWER_WITHIN", 0.1)
        async with answering(from_zone) as settings:
            port = settings["port"]
            loop = asyncio.get_running_loop()
            failed = failing(dns.rcode.SERVFAIL)
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Server(failed), local_addr=("127.0.0.2", port)
            )
            outcome = await look("dns", {"name": "a.example", "port": port})
            transport.close()
        assert outcome.state is State.UP, outcome.message

    async def test_without_any_server_it_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(resolver: dns.resolver.Resolver, file: Any) -> None:
            raise dns.resolver.NoResolverConfiguration

        monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", missing)
        outcome = await look("dns", {"name": "a.example"})
        assert outcome.state is State.UNKNOWN
        assert "give `server`" in outcome.message

    @pytest.mark.parametrize(
        "wrong", [{"name": "a..b"}, {"name": "x" * 64}, {"name": "a", "server": "dns.example"}]
    )
    def test_what_cannot_be_asked_is_refused(self, wrong: Settings) -> None:
        with pytest.raises(ValidationError, match="not a"):
            make_check("dns", wrong)
