"""HelixFlow's own runbooks, and `scale-workers`, on the living platform."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from opsbook.durable.model import RunState
from opsbook.platforms.helixflow.faults import heal, hurt
from opsbook.platforms.helixflow.home import prepare
from opsbook.platforms.helixflow.ports import Ports
from opsbook.probes.model import State
from opsbook.runbooks.model import Request
from tests.eventually import eventually
from tests.platforms.responding import ANNA, Responding, responding, response, states
from tests.services.platform import watched

QUIET = {"at_most": 0}
"""Nobody restarts it by himself."""


def at_home(home: Path, cooldown: str = "0s", **runbooks: Any) -> Path:
    """HelixFlow's book, in which only runbooks restart anything."""
    file = prepare(home, Ports.free())
    book = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    for service in book["services"].values():
        service["restart"] |= QUIET
    book["services"]["inference-pool"]["scale"]["cooldown"] = cooldown
    book["runbooks"] |= runbooks
    with file.open("w", encoding="utf-8") as out:
        YAML(typ="safe").dump(book, out)
    return file


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Responding]:
    file = at_home(tmp_path / "helix", **response("scaling"))
    async with responding(file, tmp_path / "data") as there:
        await there.platform.well(within=30)
        yield there


async def down(there: Responding, service: str) -> None:
    check = there.platform.app.watch.checks[f"{service}-health"]
    await eventually(lambda: check.state is State.DOWN, 10)


def workers(home: Path) -> int:
    return int((home / "config/MAX_WORKERS").read_text())


async def test_a_crashed_service_serves_again_and_the_ledger_tells_it(there: Responding) -> None:
    there.platform.kill("auth-service")
    await down(there, "auth-service")
    run = await there.succeeded("emergency-response", service="auth-service")
    assert states(run) == {"look": "done", "restart": "done"}
    kinds = [entry["kind"] for entry in await there.told() if entry["subject"] == run.id]
    assert kinds[:2] == ["run.requested", "run.started"]
    assert kinds[-2:] == ["run.step_done", "run.ended"]


async def test_what_serves_is_left_alone(there: Responding) -> None:
    pid = there.platform.pid("auth-service")
    run = await there.succeeded("emergency-response", service="auth-service")
    assert states(run)["restart"] == "skipped"
    assert there.platform.pid("auth-service") == pid


async def test_a_slow_service_is_looked_at_and_then_restarted(
    there: Responding, tmp_path: Path
) -> None:
    hurt(tmp_path / "helix", "auth-service", "slow:400ms")
    check = there.platform.app.watch.checks["auth-service-health"]
    await eventually(lambda: check.state is State.DEGRADED, 10)
    slow = there.platform.pid("auth-service")

    async def mend() -> None:
        """The restart alone does not: the fault is in a file."""
        keeper = there.platform.keeper("auth-service")
        await eventually(lambda: keeper.instance and there.platform.pid("auth-service") != slow, 20)
        heal(tmp_path / "helix", "auth-service")

    run, _ = await asyncio.gather(there.succeeded("slow-service", service="auth-service"), mend())
    assert states(run)["consumers"] == "done"
    assert states(run)["restart"] == "done"


async def test_two_workers_more_where_the_load_is_high(there: Responding, tmp_path: Path) -> None:
    run = await there.succeeded("scale-inference-pool", load="vector(90)", calm_for="10s")
    assert states(run)["more"] == "done"
    assert states(run)["fewer"] == "skipped"
    assert workers(tmp_path / "helix") == 6


async def test_two_less_where_it_was_low_for_a_while(there: Responding, tmp_path: Path) -> None:
    run = await there.succeeded("scale-inference-pool", load="vector(20)", calm_for="10s")
    assert states(run)["fewer"] == "done"
    assert workers(tmp_path / "helix") == 2


@pytest.mark.parametrize(
    "load",
    [
        "vector(60)",
        "vector(20) and on() vector(time() % 2 > 5)",
        "vector(39) + 20 * (time() % 5 < bool 2)",
    ],
    ids=["between", "unknown", "not for long"],
)
async def test_else_it_stays(there: Responding, tmp_path: Path, load: str) -> None:
    await there.run("scale-inference-pool", load=load, calm_for="10s")
    assert workers(tmp_path / "helix") == 4


async def test_never_more_than_may_be(there: Responding, tmp_path: Path) -> None:
    given: dict[str, Any] = {"load": "vector(90)", "calm_for": "10s", "at_most": 5}
    await there.succeeded("scale-inference-pool", **given)
    assert workers(tmp_path / "helix") == 5
    run = await there.succeeded("scale-inference-pool", **given)
    assert states(run)["more"] == "skipped"


async def test_any_service_can_be_scaled_by_a_measured_load(
    there: Responding, tmp_path: Path
) -> None:
    measured = 'opsbook_check_measurement{check="inference-pool-health", measurement="workers"}'
    given = {"service": "inference-pool", "workers": measured, "calm_for": "10s"}
    instant = there.platform.app.measuring.querier.instant
    await eventually(lambda: instant(measured, int(time.time() * 1000)).series, 20)
    run = await there.succeeded("scale-workers", load="vector(90)", **given)
    assert states(run)["more"] == "done"
    assert workers(tmp_path / "helix") == 6


async def test_it_cools_down_first(tmp_path: Path) -> None:
    file = at_home(tmp_path / "helix", cooldown="1m")
    async with responding(file, tmp_path / "data") as there:
        await there.platform.well(within=30)
        given = {"load": "vector(90)", "calm_for": "10s"}
        await there.succeeded("scale-inference-pool", **given)
        run = await there.failed("scale-inference-pool", **given)
    assert "cools down" in (run.error or "")
    assert workers(tmp_path / "helix") == 6


async def test_the_book_as_it_is_carries_them_with_its_own_engine(tmp_path: Path) -> None:
    async with watched(prepare(tmp_path / "helix", Ports.free()), tmp_path / "data") as platform:
        app = platform.app
        assert app.runs is not None
        assert app.runbooks is not None
        async with asyncio.timeout(30):
            await app.runs.opened.wait()
            await platform.well()
            request = Request("emergency-response", ANNA, "a test", {"service": "monitoring"}, "")
            run = await app.runbooks.request(request)
            while not (view := await app.runbooks.show(run)).state.ended:
                await asyncio.sleep(0.05)
    assert view.state is RunState.SUCCEEDED, view.error
