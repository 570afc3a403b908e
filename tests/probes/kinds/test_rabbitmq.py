"""The `rabbitmq` kind against a real node of its own."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.servers.certificate import certified
from tests.servers.loopback import (
    endless,
    free_port,
    serving,
    silent,
)
from tests.servers.process import wait_until
from tests.servers.rabbitmq import RabbitMq, rabbitmq


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Port and CA of the node's TLS listener."""
    certificate = certified(tmp_path_factory.mktemp("certificate"))
    return {"port": free_port(), "tls": {"ca": str(certificate.ca)}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, secure: dict[str, Any]) -> Iterator[RabbitMq]:
    ca = Path(secure["tls"]["ca"])
    listener = (
        f"listeners.ssl.1 = 127.0.0.1:{secure['port']}",
        f"ssl_options.certfile = {ca.with_name('server.pem')}",
        f"ssl_options.keyfile = {ca.with_name('server.pem')}",
        f"ssl_options.cacertfile = {ca}",
        "ssl_options.verify = verify_none",
    )
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq"), *listener) as running:
        call(running, "PUT", "queues/%2F/jobs", {"durable": True})
        message = {"routing_key": "jobs", "payload": "x", "payload_encoding": "string"}
        for _ in range(3):
            publication = {**message, "properties": {}}
            call(running, "POST", "exchanges/%2F/amq.default/publish", publication)
        wait_until(lambda: call(running, "GET", "queues/%2F/jobs").get("messages_ready") == 3)
        yield running


def call(
    server: RabbitMq, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Ask the node's management API."""
    token = b64encode(f"{server.user}:{server.password}".encode()).decode()
    request = urllib.request.Request(
        f"{server.management}/api/{path}",
        json.dumps(body).encode() if body else None,
        {"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        content = answer.read()
    return dict(json.loads(content)) if content else {}


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBIT_PASSWORD", RabbitMq.password)
    monkeypatch.setenv("WRONG_PASSWORD", "rabbit-s3cret")


def target(port: int, **changes: Any) -> dict[str, Any]:
    login = {"user": RabbitMq.user, "password": "env:RABBIT_PASSWORD"}
    return {"host": "127.0.0.1", "port": port, **login, **changes}


def managed(address: str, **changes: Any) -> dict[str, Any]:
    login = {"user": RabbitMq.user, "password": "env:RABBIT_PASSWORD"}
    return {"management": address, **login, **changes}


class TestRabbitmq(ServerContract):
    kind: ClassVar[str] = "rabbitmq"

    def at(self, port: int) -> Settings:
        return target(port)

    @pytest.fixture
    async def healthy(self, server: RabbitMq) -> Settings:
        return target(server.port, queue="jobs")

    async def test_a_frame_without_end_is_refused(self) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(b"\x01\x00\x00\x7f\xff\xff\xff")
            await endless(reader, writer)

        async with serving(handler) as port:
            outcome = await look("rabbitmq", target(port))
        assert "not AMQP 0-9-1" in outcome.message

    @pytest.mark.parametrize(
        "frame", [b"", b"\x00\x0a", b"\x00\x0a\x00\x0a", b"\x00\x0a\x00\x0a\0\x09\0\0\xff\xff"]
    )
    async def test_a_frame_cut_short_is_down(self, frame: bytes) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(b"\x01\x00\x00" + len(frame).to_bytes(4) + frame + b"\xce")
            await silent(reader, writer)

        async with serving(handler) as port:
            outcome = await look("rabbitmq", target(port))
        assert outcome.state is State.DOWN
        assert "cut short" in outcome.message

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"password": "env:WRONG_PASSWORD"}, "ACCESS_REFUSED"),
            ({"vhost": "nope"}, "vhost nope not found"),
            ({"queue": "nope"}, "NOT_FOUND - no queue 'nope' in vhost '/'"),
        ],
    )
    async def test_a_refusal_is_told_in_the_words_of_the_broker_without_the_password(
        self, server: RabbitMq, changes: dict[str, Any], said: str
    ) -> None:
        outcome = await look("rabbitmq", target(server.port, **changes))
        assert outcome.state is State.DOWN
        assert said in outcome.message
        assert "s3cret" not in str(outcome)

    async def test_a_queue_is_measured(self, server: RabbitMq) -> None:
        outcome = await look("rabbitmq", target(server.port, queue="jobs"))
        assert (outcome.measurements["messages"], outcome.measurements["consumers"]) == (3, 0)
        assert str(outcome.measurements["server_version"]).startswith("3.")

    async def test_without_a_queue_there_is_nothing_to_count(self, server: RabbitMq) -> None:
        outcome = await look("rabbitmq", target(server.port))
        assert outcome.state is State.UP, outcome.message
        assert set(outcome.measurements) == {"connect_seconds", "server_version"}

    async def test_tls_is_spoken_with_a_broker_that_is_trusted(
        self, server: RabbitMq, secure: dict[str, Any]
    ) -> None:
        outcome = await look("rabbitmq", target(**secure))
        assert outcome.state is State.UP, outcome.message
        stranger = await look("rabbitmq", target(secure["port"], tls={}))
        assert stranger.state is State.DOWN
        assert "certificate not trusted" in stranger.message

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({}, "either `host` or `management`"),
            ({"host": "a", "management": "http://b:1"}, "either `host` or `management`"),
            ({"management": "b:15672"}, "not an http or https URL"),
            ({"management": "http://u:p@b:15672"}, "must not hold a password"),
        ],
    )
    def test_exactly_one_address_is_needed(self, wrong: dict[str, Any], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            make_check("rabbitmq", {"user": "u", "password": "env:RABBIT_PASSWORD", **wrong})


class TestRabbitmqManagement(ServerContract):
    kind: ClassVar[str] = "rabbitmq"

    def at(self, port: int) -> Settings:
        return managed(f"http://127.0.0.1:{port}")

    @pytest.fixture
    async def healthy(self, server: RabbitMq) -> Settings:
        return managed(server.management, queue="jobs")

    @pytest.mark.parametrize("queue", [None, "jobs"])
    async def test_it_measures_what_is_asked(self, server: RabbitMq, queue: str | None) -> None:
        outcome = await look("rabbitmq", managed(server.management, queue=queue))
        assert outcome.state is State.UP, outcome.message
        assert "server_version" in outcome.measurements
        assert outcome.measurements.get("messages") == (3 if queue else None)
        assert outcome.measurements.get("consumers") == (0 if queue else None)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"password": "env:WRONG_PASSWORD"}, "Login failed"),
            ({"vhost": "nope"}, "Object Not Found"),
            ({"queue": "nope"}, "Object Not Found"),
        ],
    )
    async def test_a_refusal_is_told_in_the_words_of_the_api_without_the_password(
        self, server: RabbitMq, changes: dict[str, Any], said: str
    ) -> None:
        outcome = await look("rabbitmq", managed(server.management, **changes))
        assert outcome.state is State.DOWN
        assert said in outcome.message
        assert "s3cret" not in str(outcome)

    async def test_an_answer_without_end_is_cut_off(self) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            await endless(reader, writer)

        async with serving(handler) as port:
            outcome = await look("rabbitmq", self.at(port))
        assert "answers without end" in outcome.message
