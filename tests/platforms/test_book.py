"""The book of HelixFlow, carried out on the living platform."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.platforms.helixflow.faults import hurt
from opsbook.platforms.helixflow.home import SERVICES, prepare
from opsbook.platforms.helixflow.ports import Ports
from opsbook.probes.model import State
from opsbook.services.events import RestartBegun, ServiceVerified
from tests.eventually import eventually
from tests.services.platform import Platform, watched


@pytest.fixture
async def helixflow(tmp_path: Path) -> AsyncIterator[Platform]:
    async with watched(prepare(tmp_path, Ports.free()), tmp_path / "opsbook") as platform:
        await platform.well(within=30)
        yield platform


def test_every_check_says_what_its_failure_means(tmp_path: Path) -> None:
    book = read_book(prepare(tmp_path))
    assert set(book.services) == set(SERVICES)
    assert all(check.description for check in book.checks.values())


async def test_every_check_of_the_manual_is_up_on_the_living_platform(helixflow: Platform) -> None:
    checks = helixflow.app.watch.checks
    machine = {"disk-space", "memory"}
    await eventually(
        lambda: all(c.state is State.UP for n, c in checks.items() if n not in machine), 30
    )
    assert {f"{name}-process" for name in SERVICES} <= set(checks)
    assert all(checks[name].outcome for name in machine)


async def test_a_dead_gateway_is_told_from_the_living_grpc_gateway(helixflow: Platform) -> None:
    grpc = helixflow.pid("api-gateway-grpc")
    helixflow.kill("api-gateway")
    await helixflow.until(ServiceVerified, 6, within=20)
    assert [event.service for event in helixflow.of(RestartBegun)] == ["api-gateway"]
    assert helixflow.pid("api-gateway-grpc") == grpc


async def test_an_expired_certificate_is_told_and_restarts_nothing(
    helixflow: Platform, tmp_path: Path
) -> None:
    check = helixflow.app.watch.checks["api-gateway-certificate"]
    await eventually(lambda: check.state is State.UP, 30)
    hurt(tmp_path, "api-gateway", "expire-certificate:past")
    await helixflow.app.watch.look("api-gateway-certificate")
    await eventually(lambda: check.state is State.DOWN, 30)
    assert helixflow.of(RestartBegun) == []
