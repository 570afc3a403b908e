"""Drills: hurt a service, time the answer."""

import os
import signal
from pathlib import Path

import pytest

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.app.drill import DrillError, drill, kill, measure_bare_start
from opsbook.probes.model import State
from opsbook.services.keeper import Keeper
from opsbook.state.datadir import DataDir
from opsbook.web.settings import WebSettings
from tests.servers.loopback import free_port
from tests.services.platform import one_service, small_book, small_service, watched


async def test_the_times_of_a_drill_are_in_their_order(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        result = await drill(platform.app, "a", kill, bare_start_ms=20.0)
        kinds = [entry["kind"] for entry in platform.ledger() if entry["seq"] in result.evidence]
    assert result.detected_ms is not None
    assert result.started_ms is not None
    assert result.verified_ms is not None
    assert 0 < result.detected_ms < result.started_ms < result.verified_ms
    assert result.state is State.UP
    assert kinds == ["service.died", "service.restart", "service.verified"]


async def test_one_that_does_not_come_back_is_not_up(tmp_path: Path) -> None:
    restart = {"at_most": 1, "backoff": ["0s"], "verify_within": "2s"}

    async def for_good(keeper: Keeper) -> None:
        (tmp_path / "a/die").touch()
        await kill(keeper)

    async with watched(one_service(tmp_path, restart=restart), tmp_path / "data") as platform:
        result = await drill(platform.app, "a", for_good, bare_start_ms=20.0)
    assert (result.state, result.verified_ms, result.evidence) == (State.DOWN, None, ())
    assert "exited with 7" in result.message


async def test_a_hang_is_detected_by_a_check(tmp_path: Path) -> None:
    async def hang(keeper: Keeper) -> None:
        os.kill(platform.pid(), signal.SIGSTOP)

    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        result = await drill(platform.app, "a", hang, bare_start_ms=20.0)
    assert result.state is State.UP
    assert result.detected_ms is not None
    assert result.detected_ms > 100


async def test_the_bare_start_needs_what_the_service_depends_on_and_leaves_it(
    tmp_path: Path,
) -> None:
    book = small_book(
        tmp_path,
        web=small_service(tmp_path, "web", free_port(), depends_on=["store"]),
        store=small_service(tmp_path, "store", free_port()),
    )
    app = App(read_book(book), DataDir(tmp_path / "data"), WebSettings(port=0))
    store, web = (app.services.keepers[name].controller for name in ("store", "web"))
    try:
        assert 1 < await measure_bare_start(app, "web") < 5000
        assert await store.running()
        assert await web.running() is None
    finally:
        await store.stop()
        app.close()


async def test_a_service_that_does_not_start_cannot_be_drilled(tmp_path: Path) -> None:
    book = one_service(tmp_path, restart={"verify_within": "300ms"})
    (tmp_path / "a/mute").touch()
    app = App(read_book(book), DataDir(tmp_path / "data"), WebSettings(port=0))
    try:
        with pytest.raises(DrillError, match="does not get well by itself"):
            await measure_bare_start(app, "a")
    finally:
        await app.services.keepers["a"].controller.stop()
        app.close()
