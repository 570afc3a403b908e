"""HelixFlow: what `prepare` makes, and every protocol spoken with clients of another make."""

import asyncio
import json
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest

from opsbook.app.book import Book, read_book
from opsbook.core.clock import SystemClock, iso
from opsbook.core.errors import BadInputError
from opsbook.core.procfs import arguments
from opsbook.platforms.helixflow.home import SERVICES, prepare
from opsbook.platforms.helixflow.ports import Ports
from opsbook.probes.check import Check
from opsbook.probes.look import look_once
from opsbook.probes.model import Outcome, State
from tests.platforms.helixflow import (
    HOST,
    Running,
    days_served,
    eventually,
    exchange,
    grpc_call,
    recent_errors,
    running,
    wish,
)
from tests.probes.checks import look
from tests.requirement import needs_program

HEALTH = "/grpc.health.v1.Health/Check"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All five, with traffic that is twenty times as dense as usual, and that of the tests."""
    with running(tmp_path_factory.mktemp("helix flow"), REQUESTS_PER_SECOND="40") as platform:
        yield platform


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same without requests by tests; some seventy have been answered."""
    with running(tmp_path_factory.mktemp("untouched"), REQUESTS_PER_SECOND="40") as platform:
        eventually(lambda: len(platform.rows()) >= 70, within=20)
        yield platform


class TestPrepare:
    def test_keys_and_the_token_are_private(self, tmp_path: Path) -> None:
        prepare(tmp_path, Ports.free())
        secret = [*tmp_path.glob("certs/*.key"), tmp_path / "config/token"]
        assert len(secret) == 6
        assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}

    def test_doing_it_again_keeps_what_is_worth_keeping(self, tmp_path: Path) -> None:
        kept = ["certs/ca.crt", "certs/monitoring.crt", "config/token", "config/MAX_WORKERS"]
        ports = Ports.free()
        book = prepare(tmp_path, ports)
        (tmp_path / "config/MAX_WORKERS").write_text("9\n", encoding="ascii")
        before = [(tmp_path / name).read_bytes() for name in kept]
        assert prepare(tmp_path, ports) == book
        assert [(tmp_path / name).read_bytes() for name in kept] == before
        assert not (tmp_path / "helixflow.yaml.old").exists()

    def test_a_ca_that_is_lost_takes_its_certificates_with_it(self, tmp_path: Path) -> None:
        prepare(tmp_path)
        before = (tmp_path / "certs/monitoring.crt").read_bytes()
        for file in tmp_path.glob("certs/ca.*"):
            file.unlink()
        prepare(tmp_path)
        assert (tmp_path / "certs/monitoring.crt").read_bytes() != before

    def test_a_book_changed_by_hand_is_set_aside(self, tmp_path: Path) -> None:
        book = prepare(tmp_path)
        book.write_text("mine", encoding="utf-8")
        prepare(tmp_path)
        assert (tmp_path / "helixflow.yaml.old").read_text(encoding="utf-8") == "mine"

    def test_a_home_of_any_name_gives_a_book_that_can_be_read(self, tmp_path: Path) -> None:
        home = tmp_path / 'it\'s "ours" #1: ${home} ü'
        program = read_book(prepare(home)).services["monitoring"].controller.subject
        assert program == str(home / "bin/monitoring")
        assert Path(program).is_file()

    def test_one_port_for_two_services_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match="five different ports"):
            prepare(tmp_path, Ports(gateway=8081))


class TestBook:
    def test_every_check_says_what_its_failure_means(self, tmp_path: Path) -> None:
        book = read_book(prepare(tmp_path))
        assert [name for name, check in book.checks.items() if not check.description] == []

    def test_every_service_is_verified_by_its_health_on_its_own_port(self, tmp_path: Path) -> None:
        ports = Ports.free()
        book = read_book(prepare(tmp_path, ports))
        assert set(book.services) == set(SERVICES)
        for name, service in book.services.items():
            (check,) = service.restart.verified_by
            assert str(service.ports[0]) in book.checks[check].probe.subject, name

    async def test_every_check_is_up_on_a_platform_that_is_well(self, untouched: Running) -> None:
        book = read_book(untouched.book)
        of_the_machine = {"disk-space", "memory"}
        outcomes = {name: await first_good(book, name) for name in set(book.checks)}
        failed = {n: o.message for n, o in outcomes.items() if o.state is not State.UP}
        assert {n: m for n, m in failed.items() if n not in of_the_machine} == {}
        assert State.UNKNOWN not in {outcomes[name].state for name in of_the_machine}


async def first_good(book: Book, name: str) -> Outcome:
    """A busy machine may make one look slow, or a first request fail, not five in a row."""
    for again in range(5):
        await asyncio.sleep(0.5 * again)
        check = Check(name, book.checks[name])
        outcome = await look_once(check, SystemClock())
        await check.probe.close()
        if outcome.state is State.UP:
            break
    return outcome


class TestProcesses:
    def test_each_carries_its_own_path_as_one_argument(self, platform: Running) -> None:
        for service, process in platform.processes.items():
            assert str(platform.home / "bin" / service) in arguments(process.pid)

    async def test_the_grpc_gateway_is_not_taken_for_the_gateway(self, tmp_path: Path) -> None:
        with running(tmp_path, "api-gateway-grpc"):
            named = {"argument": str(tmp_path / "bin/api-gateway")}
            assert (await look("process", named)).state is State.DOWN

    def test_it_writes_lines_that_programs_can_read(self, platform: Running) -> None:
        line = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|WARN|ERROR) [a-z-]+ \S.*")
        eventually(lambda: any(" ERROR " in each for each in platform.logged("api-gateway")))
        for service in SERVICES:
            lines = platform.logged(service)
            assert lines
            assert [each for each in lines if not line.fullmatch(each)] == []

    def test_what_it_logs_also_goes_to_its_output(self, platform: Running) -> None:
        output = (platform.home / "api-gateway.out").read_text(encoding="utf-8")
        assert set(platform.logged("api-gateway")[:10]) <= set(output.splitlines())

    def test_term_ends_each_of_them_gracefully_and_soon(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with running(tmp_path) as platform, platform.client() as client:
            assert client.get("/health").status_code == 200
            ends = {service: platform.stop(service) for service in SERVICES}
        with capsys.disabled():
            shown = {name: f"{took * 1e3:.0f} ms" for name, (_, took) in ends.items()}
            sys.stdout.write(f"\nended after {shown}\n")
        assert {code for code, _ in ends.values()} == {0}
        assert max(took for _, took in ends.values()) < 2.0

    def test_each_is_back_soon_after_it_was_killed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        took = {}
        with running(tmp_path) as platform:
            for service in SERVICES:
                platform.processes[service].send_signal(signal.SIGKILL)
                platform.processes[service].wait()
                took[service] = platform.start(service)
        with capsys.disabled():
            shown = {name: f"{each * 1e3:.0f} ms" for name, each in took.items()}
            sys.stdout.write(f"\nstarted in {shown}\n")

    def test_what_is_being_answered_is_answered_before_the_end(self, tmp_path: Path) -> None:
        body = json.dumps({"model": "helix-7b", "prompt": "x", "max_tokens": 60}).encode()
        length = f"Content-Length: {len(body)}\r\nConnection: close".encode()
        health = b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"
        with running(tmp_path, "inference-pool") as platform, ThreadPoolExecutor() as threads:
            ask = partial(exchange, platform.ports.inference)
            answer = threads.submit(
                ask, b"POST /generate HTTP/1.1\r\n%b\r\n\r\n%b" % (length, body)
            )
            eventually(lambda: b'"busy": 1' in ask(health))
            platform.stop("inference-pool")
            assert answer.result().startswith(b"HTTP/1.1 200 OK")

    def test_a_port_that_is_taken_is_told_and_ends_it(self, tmp_path: Path) -> None:
        platform = Running(tmp_path)
        with socket.create_server((HOST, platform.ports.auth)):
            done = subprocess.run([tmp_path / "bin/auth-service"], timeout=10, capture_output=True)
        assert done.returncode == 1
        assert b"ERROR auth-service cannot start" in done.stderr


class TestGateway:
    def test_health_tells_of_itself_and_of_what_is_behind_it(self, platform: Running) -> None:
        with platform.client() as client:
            said = client.get("/health").json()
        checks = {"auth-service": "ok", "inference-pool": "ok"}
        assert said == {"status": "ok", "version": "2.0", "checks": checks}

    def test_health_is_degraded_without_the_services_behind_it(self, tmp_path: Path) -> None:
        behind = running(tmp_path, "api-gateway", "auth-service")
        with behind as platform, platform.client() as client:
            answer = client.get("/health")
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert str(platform.ports.inference) in answer.json()["checks"]["inference-pool"]

    def test_its_certificate_is_trusted_only_through_the_platforms_ca(
        self, platform: Running
    ) -> None:
        assert 89 < days_served(platform) <= 90
        with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
            httpx2.get(f"https://{HOST}:{platform.ports.gateway}/health", trust_env=False)

    def test_models_are_listed_as_openai_lists_them(self, platform: Running) -> None:
        with platform.client() as client:
            listed = client.get("/v1/models").json()
        assert listed["object"] == "list"
        assert {each["object"] for each in listed["data"]} == {"model"}
        assert "helix-7b" in [each["id"] for each in listed["data"]]

    def test_the_same_prompt_gets_the_same_words(self, platform: Running) -> None:
        with platform.client() as client:
            answers = [client.post("/v1/chat/completions", json=wish("one")) for _ in range(2)]
            other = client.post("/v1/chat/completions", json=wish("two"))
        words = [each.json()["choices"][0]["message"]["content"] for each in (*answers, other)]
        assert len(words[0].split()) == answers[0].json()["usage"]["completion_tokens"] == 16
        assert words[0] == words[1] != words[2]

    def test_a_stream_brings_word_after_word(self, platform: Running) -> None:
        events, times = [], []
        with platform.client() as client:
            body = wish("stream", stream=True, max_tokens=12)
            with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                assert answer.headers["content-type"] == "text/event-stream"
                for line in answer.iter_lines():
                    if line:
                        events.append(line.removeprefix("data: "))
                        times.append(time.monotonic())
            whole = client.post("/v1/chat/completions", json=wish("stream", max_tokens=12)).json()
        assert events[-1] == "[DONE]"
        chunks = [json.loads(event)["choices"][0] for event in events[:-1]]
        said = "".join(chunk["delta"].get("content", "") for chunk in chunks)
        assert said == whole["choices"][0]["message"]["content"]
        assert chunks[-1]["finish_reason"] == "stop"
        assert times[-1] - times[0] > 0.05

    def test_each_completion_is_recorded_once_it_is_answered(self, tmp_path: Path) -> None:
        with running(tmp_path, "api-gateway", "auth-service", "inference-pool") as platform:
            with platform.client() as client:
                client.post("/v1/chat/completions", json=wish(max_tokens=3))
                client.post("/v1/chat/completions", json=wish(model="helix-70b"))
            rows = platform.rows()
        assert [row[2:] for row in rows] == [("ok", "helix-7b", 3), ("error", "helix-70b", 0)]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[0]) for row in rows)
        assert 5 < rows[0][1] < 5_000

    def test_a_client_that_leaves_in_the_middle_is_recorded_as_an_error(
        self, tmp_path: Path
    ) -> None:
        with running(tmp_path, "api-gateway", "auth-service", "inference-pool") as platform:
            with platform.client() as client:
                body = wish(stream=True, max_tokens=256)
                with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                    next(answer.iter_lines())
            eventually(platform.rows)
            ((_, _, status, _, tokens),) = platform.rows()
        assert status == "error"
        assert tokens < 256

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"no json", 400),
            (b"[]", 400),
            (b'{"model": "helix-7b", "messages": []}', 400),
            (json.dumps(wish(max_tokens=10_000)).encode(), 400),
            (json.dumps(wish(model="gpt-0")).encode(), 404),
            (json.dumps(wish(model="helix-70b")).encode(), 503),
            (b"x" * 1_100_000, 413),
        ],
    )
    def test_what_cannot_be_served_is_refused_with_a_reason(
        self, platform: Running, body: bytes, status: int
    ) -> None:
        with platform.client() as client:
            answer = client.post("/v1/chat/completions", content=body)
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == status
        assert answer.json()["error"]["message"]

    def test_without_auth_service_nobody_is_served(self, tmp_path: Path) -> None:
        alone = running(tmp_path, "api-gateway", "inference-pool")
        with alone as platform, platform.client() as client:
            answer = client.post("/v1/chat/completions", json=wish())
        assert answer.status_code == 503
        assert "auth-service" in answer.json()["error"]["message"]

    def test_a_wrong_token_is_refused_and_none_is_only_where_one_is_required(
        self, tmp_path: Path
    ) -> None:
        with running(tmp_path, "api-gateway") as platform:
            platform.start("auth-service", REQUIRE_TOKEN="1")
            token = (platform.home / "config/token").read_text(encoding="ascii").strip()
            with platform.client() as client:
                none = client.get("/v1/models")
                wrong = client.get("/v1/models", headers={"Authorization": "Bearer x"})
                right = client.get("/v1/models", headers={"Authorization": f"Bearer {token}"})
        assert [none.status_code, wrong.status_code, right.status_code] == [401, 401, 200]

    @pytest.mark.parametrize(
        "sent", [b"\x00\xff" * 500 + b"\r\n\r\n", b"GET /\r\n\r\n", b"x" * 40_000]
    )
    def test_bytes_that_are_no_request_end_only_their_connection(
        self, platform: Running, sent: bytes
    ) -> None:
        with socket.create_connection((HOST, platform.ports.auth), timeout=5) as client:
            client.sendall(sent)
            answer = client.recv(1000)
        assert re.match(rb"HTTP/1.1 4\d\d ", answer)
        assert platform.get("auth-service").status_code == 200


class TestGrpc:
    def test_health_is_serving(self, platform: Running) -> None:
        fields, body = grpc_call(platform.ports.grpc, HEALTH)
        assert (fields[b":status"], fields[b"grpc-status"]) == (b"200", b"0")
        assert body == b"\x00\x00\x00\x00\x02\x08\x01"

    @pytest.mark.parametrize(
        ("path", "message", "status"),
        [
            (HEALTH, b"\x0a\x04nope", b"5"),
            (HEALTH, b"\x0a\xff", b"13"),
            (HEALTH, b"\x0a\x02\xff\xff", b"13"),
            (HEALTH, b"\x0a\xa0\x9c\x01" + b"x" * 20_000, b"8"),
            ("/grpc.health.v1.Health/Watch", b"", b"12"),
            ("/no.such.Service/Method", b"", b"12"),
        ],
    )
    def test_other_calls_end_with_their_status_in_the_trailers(
        self, platform: Running, path: str, message: bytes, status: bytes
    ) -> None:
        fields, body = grpc_call(platform.ports.grpc, path, message)
        assert (fields[b":status"], fields[b"grpc-status"]) == (b"200", status)
        assert fields[b"grpc-message"]
        assert body == b""

    def test_bytes_that_are_no_http2_end_only_their_connection(self, platform: Running) -> None:
        with socket.create_connection((HOST, platform.ports.grpc), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
            while client.recv(65_536):
                pass
        assert grpc_call(platform.ports.grpc, HEALTH)[0][b"grpc-status"] == b"0"


class TestOtherServices:
    def test_auth_service_knows_its_token(self, platform: Running) -> None:
        token = (platform.home / "config/token").read_text(encoding="ascii").strip()
        right = platform.post("auth-service", "/verify", {"token": token})
        wrong = platform.post("auth-service", "/verify", {"token": "ü"})
        assert right.json() == {"valid": True, "subject": "operator"}
        assert (wrong.status_code, wrong.json()["valid"]) == (401, False)

    @pytest.mark.parametrize(("told", "workers"), [("7", 7), ("0", 4), ("many", 4)])
    def test_max_workers_is_bounded(self, tmp_path: Path, told: str, workers: int) -> None:
        with running(tmp_path, "inference-pool", MAX_WORKERS=told) as platform:
            assert platform.get("inference-pool").json()["workers"] == workers

    def test_max_workers_is_also_read_from_its_file(self, tmp_path: Path) -> None:
        platform = Running(tmp_path)
        (tmp_path / "config/MAX_WORKERS").write_text("9\n", encoding="ascii")
        try:
            platform.start("inference-pool")
            assert platform.get("inference-pool").json()["workers"] == 9
        finally:
            platform.kill_all()

    def test_no_more_requests_are_worked_on_than_there_are_workers(self, tmp_path: Path) -> None:
        with running(tmp_path, "inference-pool", MAX_WORKERS="1") as platform:
            body = json.dumps({"model": "helix-7b", "prompt": "x", "max_tokens": 100}).encode()
            request = b"POST /generate HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            clients = [socket.create_connection((HOST, platform.ports.inference)) for _ in range(3)]
            for client in clients:
                client.sendall(request)
            eventually(lambda: platform.get("inference-pool").json()["waiting"] == 2)
            for client in clients:
                client.close()


class TestMonitoring:
    def test_its_metrics_are_what_prometheus_reads(self, platform: Running) -> None:
        promtool = needs_program("promtool", "prometheus")
        text = platform.get("monitoring", "/metrics").content
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)
        # 3: it can be read, but is not named as the guidelines would have it.
        assert done.returncode in (0, 3), done.stderr

    def test_it_tells_of_every_service(self, platform: Running) -> None:
        def told() -> str:
            return platform.get("monitoring", "/metrics").text

        eventually(lambda: told().count("process_resident_memory_bytes{") == 5)
        for service in SERVICES:
            assert f'up{{service="{service}"}} 1' in told()
        eventually(lambda: 'api_requests_total{service="api-gateway",code="503"}' in told())
        assert 'api_request_duration_bucket{service="api-gateway",le="0.25"}' in told()

    def test_a_service_that_is_gone_is_not_up_and_has_no_old_figures(self, tmp_path: Path) -> None:
        with running(tmp_path, "monitoring", "auth-service") as platform:
            eventually(lambda: platform.get("monitoring").json()["targets"]["auth-service"] == "up")
            platform.stop("auth-service")
            eventually(
                lambda: platform.get("monitoring").json()["targets"]["auth-service"] == "down"
            )
            text = platform.get("monitoring", "/metrics").text
        assert 'up{service="auth-service"} 0' in text
        assert 'process_start_time_seconds{service="auth-service"}' not in text

    def test_a_few_per_cent_of_its_traffic_end_in_an_error(self, untouched: Running) -> None:
        failed = [status == "error" for _, _, status, _, _ in untouched.rows()]
        assert 0 < sum(failed) / len(failed) < 0.1


class TestCountRecentErrors:
    def test_only_lines_of_the_last_24_hours_count(self, tmp_path: Path) -> None:
        prepare(tmp_path)
        now = time.time()
        log = tmp_path / "logs/auth-service.log"
        lines = [
            f"{iso(now - 86_500)} ERROR auth-service old",
            f'{iso(now - 3_600)} ERROR auth-service failed reason="ERROR again"',
            f"{iso(now - 60)} INFO auth-service ERROR was yesterday",
            "  File without a time ERROR",
            "",
        ]
        log.write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / "logs/monitoring.log.1").write_text(lines[1] + "\n", encoding="utf-8")
        found = recent_errors(tmp_path)
        assert (found["errors"], found["lines"]) == (2, 3)
        assert found["error_percent"] == pytest.approx(66.67, abs=0.01)
        assert found["latest"] == [lines[1][:80]] * 2

    def test_without_lines_there_is_no_percentage(self, tmp_path: Path) -> None:
        prepare(tmp_path)
        assert recent_errors(tmp_path)["error_percent"] is None

    async def test_a_log_that_cannot_be_read_is_unknown_and_no_zero(self, tmp_path: Path) -> None:
        book = read_book(prepare(tmp_path))
        (tmp_path / "logs/monitoring.log").mkdir()
        outcome = await look_once(Check("errors", book.checks["recent-errors"]), SystemClock())
        assert outcome.state is State.UNKNOWN
        assert "error_percent" not in outcome.measurements
