"""`service-crash` on real processes."""

import signal
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from tests.eventually import eventually
from tests.platforms.responding import book, responding, response, states, step
from tests.servers.loopback import free_port
from tests.services.platform import Platform, small_service

GIVEN: dict[str, Any] = {"service": "a", "check": "a-greets"}


def crashing(directory: Path, **check: object) -> Path:
    """The service `a`, which nobody restarts by himself."""
    port = free_port()
    service = small_service(directory, "a", port, restart={"at_most": 0})
    checks = {
        "a-greets": {
            "service": "a",
            "tcp": {"host": "127.0.0.1", "port": port, "greeting": True},
            "every": "200ms",
            "retry_every": "50ms",
            "conditions": {"greeting": {"equals": "ready"}},
            **check,
        }
    }
    text = response("service-crash")
    for each in text["service-crash"]["steps"]:
        if "verify" in each:
            each["verify"]["within"] = "3s"
    return book(directory, text, {"a": service}, checks)


async def crashed(platform: Platform) -> None:
    await platform.well("a")
    platform.kill("a")
    await eventually(lambda: platform.app.watch.checks["a-greets"].state == "down")


async def test_a_service_that_is_down_is_restarted_and_proven(tmp_path: Path) -> None:
    async with responding(crashing(tmp_path), tmp_path / "data") as there:
        await crashed(there.platform)
        run = await there.succeeded("service-crash", **GIVEN)
        assert there.platform.pid("a")
        done = await there.told("run.step_done")
        ordered = await there.told("service.ordered")
    assert states(run) == {"look": "done", "restart": "done", "tell": "skipped", "serves": "done"}
    assert step(run, "restart").verified
    assert [entry["body"]["step"] for entry in done] == ["look", "restart", "serves"]
    assert [entry["body"]["why"] for entry in ordered] == ["a test"]


async def test_a_service_that_is_well_is_left_alone(tmp_path: Path) -> None:
    async with responding(crashing(tmp_path), tmp_path / "data") as there:
        await there.platform.well("a")
        pid = there.platform.pid("a")
        run = await there.succeeded("service-crash", **GIVEN)
        assert there.platform.pid("a") == pid
    assert states(run)["restart"] == "skipped"


async def test_where_nobody_knows_nothing_is_restarted(tmp_path: Path) -> None:
    file = crashing(tmp_path, timeout="100ms", timed_out="unknown")
    async with responding(file, tmp_path / "data") as there:
        await there.platform.well("a")
        pid = there.platform.pid("a")
        there.platform.kill("a", signal.SIGSTOP)
        run = await there.failed("service-crash", **GIVEN)
        assert there.platform.pid("a") == pid
    assert "is unknown" in (run.error or "")


async def test_a_restart_that_does_not_help_is_no_success(tmp_path: Path) -> None:
    async with responding(crashing(tmp_path), tmp_path / "data") as there:
        (tmp_path / "a/die").touch()
        await eventually(lambda: there.platform.app.watch.checks["a-greets"].state == "down")
        run = await there.failed("service-crash", **GIVEN)
    assert states(run)["restart"] == "failed"
    assert "serves" in (run.error or "")


async def test_of_a_service_that_is_not_in_the_book_it_is_not_begun(tmp_path: Path) -> None:
    async with responding(crashing(tmp_path), tmp_path / "data") as there:
        with pytest.raises(BadInputError, match="parameter service"):
            await there.run("service-crash", **{**GIVEN, "service": "b"})
