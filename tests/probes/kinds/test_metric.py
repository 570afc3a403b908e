"""The `metric` kind against small endpoints, good and bad, and against Prometheus itself."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.probes.model import Outcome, State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ServerContract, Settings
from tests.requirement import needs_program
from tests.servers.certificate import certified, server_context
from tests.servers.loopback import (
    answering,
    endless,
    free_port,
    garbage,
    serving,
)
from tests.servers.process import accepts, running

EXPOSED = """\
# HELP requests_total Answered requests.
# TYPE requests_total counter
requests_total{code="200",path="/{id}"} 1027 1700000000000
requests_total{code="500",path="/{id}"} 3
requests_total_created 5
queue_depth 12.5
ratio NaN
{"my.metric",host="a"} 4
"""


def reply(body: str, status: str = "200 OK", headers: str = "") -> bytes:
    encoded = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(encoded)}\r\n{headers}\r\n"
    return head.encode() + encoded


def target(port: int, name: str = "queue_depth", **more: Any) -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:{port}/metrics", "name": name, **more}


async def look_at(body: str, name: str, **more: Any) -> Outcome:
    async with serving(answering(reply(body))) as port:
        return await look("metric", target(port, name, **more))


class TestMetric(ServerContract):
    kind: ClassVar[str] = "metric"

    def at(self, port: int) -> Settings:
        return target(port)

    @pytest.fixture
    async def healthy(self) -> AsyncIterator[Settings]:
        async with serving(answering(reply(EXPOSED))) as port:
            yield target(port)

    @pytest.mark.parametrize(
        ("name", "labels", "value"),
        [
            ("queue_depth", {}, 12.5),
            ("requests_total", {"code": "200"}, 1027),
            ("requests_total", {"code": 500, "path": "/{id}"}, 3),
            ("my.metric", {"host": "a"}, 4),
            ("queue_depth", {"no_such_label": ""}, 12.5),
        ],
    )
    async def test_a_value_is_read_by_exact_name_and_labels(
        self, name: str, labels: dict[str, Any], value: float
    ) -> None:
        outcome = await look_at(EXPOSED, name, labels=labels)
        assert outcome.measurements["value"] == value
        assert outcome.measurements["series"] == 1

    @pytest.mark.parametrize(
        ("name", "labels"),
        [
            ("queue", {}),
            ("queue_depth_max", {}),
            ("requests_total", {"code": "20"}),
            ("requests_total", {"code": "200", "zone": "a"}),
            ("ratio", {}),
        ],
    )
    async def test_what_is_not_exposed_or_not_a_number_is_unknown_and_never_zero(
        self, name: str, labels: dict[str, str]
    ) -> None:
        outcome = await look_at(EXPOSED, name, labels=labels)
        assert outcome.state is State.UNKNOWN
        assert "value" not in outcome.measurements

    async def test_several_series_are_named_and_not_guessed_from(self) -> None:
        outcome = await look_at(EXPOSED, "requests_total")
        assert outcome.state is State.UNKNOWN
        assert 'requests_total{code="500",path="/{id}"}' in outcome.message
        assert "aggregate" in outcome.message

    @pytest.mark.parametrize(
        ("aggregate", "value"),
        [("sum", 9), ("max", 5), ("min", 1), ("avg", 3), ("count", 3)],
    )
    async def test_several_series_can_be_made_one(self, aggregate: str, value: float) -> None:
        body = 'a{n="1"} 1\na{n="2"} 3\nab 100\na{n="3"} 5\n'
        outcome = await look_at(body, "a", aggregate=aggregate)
        assert outcome.measurements["value"] == value

    async def test_the_greatest_passes_over_what_is_not_a_number_and_the_sum_does_not(self) -> None:
        body = 'a{n="1"} NaN\na{n="2"} 3\n'
        greatest = await look_at(body, "a", aggregate="max")
        total = await look_at(body, "a", aggregate="sum")
        assert greatest.measurements["value"] == 3
        assert "value" not in total.measurements

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (reply(EXPOSED, "503 Service Unavailable"), "status 503"),
            (reply("", "302 Found", "Location: /login\r\n"), "status 302"),
            (reply("queue_depth much\n"), "line 1: unexpected 'much'"),
            (reply(EXPOSED, headers="Content-Encoding: gzip\r\n"), "encoding gzip"),
            (reply(EXPOSED, headers="Content-Type: application/openmetrics-text\r\n"), "cut off"),
            (reply("<html>Please sign in</html>"), "value"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xff\xff", "UTF-8"),
        ],
    )
    async def test_an_answer_without_the_value_is_unknown(self, answer: bytes, reason: str) -> None:
        async with serving(answering(answer)) as port:
            outcome = await look("metric", target(port))
        assert outcome.state is State.UNKNOWN
        assert reason in outcome.message
        assert "value" not in outcome.measurements

    async def test_an_answer_that_ends_too_soon_is_down(self) -> None:
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nqueue_depth 1\n"
        async with serving(answering(cut)) as port:
            assert (await look("metric", target(port))).state is State.DOWN

    async def test_an_answer_without_end_is_not_read_to_its_end(self) -> None:
        async def handler(reader: Any, writer: Any) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await endless(reader, writer)

        started = time.monotonic()
        async with serving(handler) as port:
            outcome = await look("metric", target(port, largest="1 MiB"))
        assert outcome.state is State.UNKNOWN
        assert "larger than 1 MiB" in outcome.message
        assert time.monotonic() - started < 2

    async def test_only_a_trusted_certificate_is_read_from(self, tmp_path: Path) -> None:
        ca, file = certified(tmp_path)
        async with serving(answering(reply(EXPOSED)), ssl=server_context(file)) as port:
            settings = target(port) | {"url": f"https://127.0.0.1:{port}/metrics"}
            trusted = await look("metric", settings | {"tls": {"ca": str(ca)}})
            stranger = await look("metric", settings)
        assert trusted.state is State.UP, trusted.message
        assert stranger.state is State.DOWN
        assert "certificate not trusted" in stranger.message

    async def test_what_does_not_speak_tls_is_told_as_such(self) -> None:
        async with serving(garbage) as port:
            settings = {"url": f"https://127.0.0.1:{port}/metrics", "name": "up"}
            outcome = await look("metric", settings)
        assert outcome.state is State.DOWN
        assert "TLS failed" in outcome.message

    async def test_a_proxy_in_the_environment_is_not_used(
        self, healthy: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
        assert (await look("metric", healthy)).state is State.UP

    async def test_a_token_goes_out_but_is_never_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("METRIC_TOKEN", "s3cret-t0ken")
        seen = bytearray()

        async def handler(reader: Any, writer: Any) -> None:
            seen.extend(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply("queue_depth s3cret-t0ken\n"))

        async with serving(handler) as port:
            outcome = await look("metric", target(port, bearer="env:METRIC_TOKEN"))
        assert b"authorization: bearer s3cret-t0ken" in bytes(seen).lower()
        assert "s3cret" not in str(outcome)

    async def test_prometheus_itself_is_read(self, prometheus: str) -> None:
        settings = {"url": prometheus, "name": "prometheus_build_info"}
        outcome = await look("metric", settings, conditions={"value": {"equals": 1}})
        assert outcome.state is State.UP, outcome.message
        answered = {"name": "promhttp_metric_handler_requests_total", "labels": {"code": 200}}
        outcome = await look("metric", {"url": prometheus, **answered})
        assert float(outcome.measurements["value"]) >= 1

    @pytest.mark.parametrize("wrong", ["ftp://x/", "http://", "http://u:p@x/", "http://x/ y"])
    def test_a_url_that_cannot_be_asked_is_refused(self, wrong: str) -> None:
        with pytest.raises(ValidationError, match="URL"):
            make_check("metric", {"url": wrong, "name": "up"})


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the metrics of a Prometheus that watches nothing."""
    program, port = needs_program("prometheus"), free_port()
    directory: Path = tmp_path_factory.mktemp("prometheus")
    (directory / "prometheus.yml").write_text("global: {}\n")
    words = [
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running([program, *words], directory, lambda: accepts(port)):
        yield f"http://127.0.0.1:{port}/metrics"
