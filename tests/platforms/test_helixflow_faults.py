"""HelixFlow's faults: each does what it says, and ends when it is told to."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2
import pytest

from opsbook.core.errors import BadInputError
from opsbook.platforms.helixflow.faults import heal, hurt
from opsbook.platforms.helixflow.home import prepare
from tests.platforms.helixflow import (
    accepts,
    days_served,
    eventually,
    grpc_call,
    recent_errors,
    running,
)

HEALTH = "/grpc.health.v1.Health/Check"


def test_a_crash_is_a_sigkill_and_a_restart_mends_it(tmp_path: Path) -> None:
    with running(tmp_path, "auth-service") as platform:
        hurt(tmp_path, "auth-service", "crash")
        assert platform.processes["auth-service"].wait(5) == -9
        platform.start("auth-service")
        time.sleep(0.2)
        assert platform.get("auth-service").status_code == 200


def test_what_hangs_accepts_and_does_not_answer_until_it_is_healed(tmp_path: Path) -> None:
    with running(tmp_path, "auth-service") as platform:
        hurt(tmp_path, "auth-service", "hang")
        time.sleep(0.2)
        with pytest.raises(httpx2.ReadTimeout):
            platform.get("auth-service", timeout=0.3)
        assert accepts(platform.ports.auth)
        assert platform.processes["auth-service"].poll() is None
        heal(tmp_path, "auth-service")
        assert platform.get("auth-service").status_code == 200


def test_a_restart_mends_what_hangs(tmp_path: Path) -> None:
    with running(tmp_path, "auth-service") as platform:
        hurt(tmp_path, "auth-service", "hang")
        time.sleep(0.2)
        code, took = platform.stop("auth-service")
        assert (code, took < 2.0) == (0, True)
        platform.start("auth-service")
        assert platform.get("auth-service").status_code == 200


def test_callers_who_give_up_on_what_hangs_leave_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path, "auth-service") as platform:
        files = Path(f"/proc/{platform.processes['auth-service'].pid}/fd")
        hurt(tmp_path, "auth-service", "hang")
        time.sleep(0.2)
        before = len(list(files.iterdir()))
        for _ in range(5):
            with pytest.raises(httpx2.ReadTimeout):
                platform.get("auth-service", timeout=0.05)
        eventually(lambda: len(list(files.iterdir())) <= before)


def test_what_is_slow_takes_so_much_longer_even_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, "auth-service") as platform:
        hurt(tmp_path, "auth-service", "slow:300ms")
        platform.stop("auth-service")
        platform.start("auth-service")
        eventually(lambda: platform.get("auth-service").elapsed.total_seconds() >= 0.3)
        heal(tmp_path, "auth-service")
        eventually(lambda: platform.get("auth-service").elapsed.total_seconds() < 0.3)


def test_errors_are_answers_with_500_and_are_logged(tmp_path: Path) -> None:
    with running(tmp_path, "inference-pool") as platform:
        hurt(tmp_path, "inference-pool", "errors")
        eventually(lambda: platform.get("inference-pool").status_code == 500)
        assert any(" ERROR " in line for line in platform.logged("inference-pool"))
        heal(tmp_path, "inference-pool")
        eventually(lambda: platform.get("inference-pool").status_code == 200)


def test_the_grpc_gateway_suffers_in_its_own_protocol(tmp_path: Path) -> None:
    with running(tmp_path, "api-gateway-grpc") as platform:
        port = platform.ports.grpc
        hurt(tmp_path, "api-gateway-grpc", "errors")
        eventually(lambda: grpc_call(port, HEALTH)[0][b"grpc-status"] == b"13")
        hurt(tmp_path, "api-gateway-grpc", "hang")
        time.sleep(0.2)
        with pytest.raises(TimeoutError):
            grpc_call(port, HEALTH, timeout=0.3)
        heal(tmp_path, "api-gateway-grpc")
        assert grpc_call(port, HEALTH)[0][b"grpc-status"] == b"0"


def test_a_log_is_filled_with_errors_but_not_without_end(tmp_path: Path) -> None:
    log = tmp_path / "logs/monitoring.log"
    with running(tmp_path, "monitoring") as platform:
        hurt(tmp_path, "monitoring", "fill-log")
        eventually(lambda: log.stat().st_size > 4_500_000)
        assert platform.get("monitoring").status_code == 200
        size = 0
        while size != (size := log.stat().st_size):
            time.sleep(0.2)
    assert size < 6_000_000
    assert recent_errors(tmp_path)["error_percent"] > 90


@pytest.mark.parametrize(
    ("how", "days"), [("expire-certificate", 3), ("expire-certificate:past", -1)]
)
def test_the_gateway_serves_the_certificate_that_ends_without_a_restart(
    tmp_path: Path, how: str, days: int
) -> None:
    with running(tmp_path, "api-gateway") as platform:
        hurt(tmp_path, "api-gateway", how)
        eventually(lambda: days - 0.1 < days_served(platform) <= days)
        heal(tmp_path, "api-gateway")
        eventually(lambda: days_served(platform) > 89)
        with platform.client() as client:
            assert client.get("/health").status_code == 200


def test_clients_refuse_a_certificate_that_has_ended(tmp_path: Path) -> None:
    with running(tmp_path, "api-gateway") as platform:
        hurt(tmp_path, "api-gateway", "expire-certificate:past")
        eventually(lambda: days_served(platform) < 0)
        with platform.client() as client, pytest.raises(httpx2.ConnectError, match="expired"):
            client.get("/health")


def test_preparing_again_renews_a_certificate_that_has_ended(tmp_path: Path) -> None:
    prepare(tmp_path)
    hurt(tmp_path, "monitoring", "expire-certificate:past")
    before = (tmp_path / "certs/monitoring.crt").read_bytes()
    prepare(tmp_path)
    assert (tmp_path / "certs/monitoring.crt").read_bytes() != before


@pytest.mark.parametrize(
    ("service", "how", "reason"),
    [
        ("auth-servce", "crash", "did you mean auth-service"),
        ("auth-service", "explode", "known: crash, hang"),
        ("auth-service", "slow", "no such fault"),
        ("auth-service", "slow:soon", "not a duration"),
        ("auth-service", "slow:2h", "at most 600 s"),
        ("auth-service", "clock:10d", "no such fault"),
        ("auth-service", "clock:+20000d", "at most"),
        ("api-gateway-grpc", "expire-certificate", "has no certificate"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused(
    tmp_path: Path, service: str, how: str, reason: str
) -> None:
    prepare(tmp_path)
    with pytest.raises(BadInputError, match=reason):
        hurt(tmp_path, service, how)


@pytest.mark.parametrize("service", ["auth-service", "api-gateway-grpc"])
def test_a_port_that_is_closed_refuses_until_it_is_healed(tmp_path: Path, service: str) -> None:
    with running(tmp_path, service) as platform:
        hurt(tmp_path, service, "close-port")
        eventually(lambda: not accepts(platform.port(service)))
        assert platform.processes[service].poll() is None
        heal(tmp_path, service)
        eventually(lambda: accepts(platform.port(service)))


def test_a_restart_opens_a_closed_port(tmp_path: Path) -> None:
    with running(tmp_path, "auth-service") as platform:
        hurt(tmp_path, "auth-service", "close-port")
        eventually(lambda: not accepts(platform.ports.auth))
        platform.stop("auth-service")
        platform.start("auth-service")
        time.sleep(0.2)
        assert platform.get("auth-service").status_code == 200


def days_ahead(answer: httpx2.Response) -> float:
    told = parsedate_to_datetime(answer.headers["Date"])
    return (told - datetime.now(UTC)).total_seconds() / 86_400


@pytest.mark.parametrize(("how", "days"), [("clock:+10d", 10), ("clock:-10d", -10)])
def test_a_clock_is_wrong_until_it_is_healed_even_after_a_restart(
    tmp_path: Path, how: str, days: float
) -> None:
    with running(tmp_path, "auth-service") as platform:
        hurt(tmp_path, "auth-service", how)
        platform.stop("auth-service")
        platform.start("auth-service")
        eventually(lambda: abs(days_ahead(platform.get("auth-service")) - days) < 0.1)
        heal(tmp_path, "auth-service")
        eventually(lambda: abs(days_ahead(platform.get("auth-service"))) < 0.1)


def test_monitoring_sees_whose_clock_is_wrong(tmp_path: Path) -> None:
    def differences() -> dict[str, float]:
        lines = platform.get("monitoring", "/metrics").text.splitlines()
        found = [each.split('"') for each in lines if each.startswith("clock_difference")]
        return {service: float(rest[1:]) for _, service, rest in found}

    with running(tmp_path, "auth-service", "inference-pool", "monitoring") as platform:
        hurt(tmp_path, "auth-service", "clock:+1h")
        eventually(lambda: differences().get("auth-service", 0) > 3_500)
        assert abs(differences()["inference-pool"]) < 5
