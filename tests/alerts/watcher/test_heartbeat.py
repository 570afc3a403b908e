"""The heartbeat, told to a real HTTP server, on a clock that is moved by hand."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from opsbook.alerts.watcher import heartbeat
from opsbook.alerts.watcher.heartbeat import Heartbeat
from opsbook.alerts.watcher.settings import HeartbeatSettings
from opsbook.core.clock import ManualClock
from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import Ledger, read_entries
from tests.alerts.notifiers.catcher import Catcher, answer, catching


@dataclass
class World:
    """A heart, the switch that hears it, and what is wrong with the watch."""

    heart: Heartbeat
    clock: ManualClock
    switch: Catcher
    wrong: list[str]
    kinds: Callable[[], list[str]]
    paths: list[str] = field(default_factory=list)

    async def pass_time(self, seconds: float) -> list[str]:
        """The paths that were asked meanwhile."""
        before = len(self.switch.caught)
        for _ in range(int(seconds)):
            self.clock.advance(1)
            await self.heart.tick()
        return [request.path for request in self.switch.caught[before:]]


@asynccontextmanager
async def world(directory: Path, **settings: Any) -> AsyncIterator[World]:
    engine = connect(sqlite_url(directory / "state.db"))
    clock, wrong = ManualClock(), [""]
    ledger = Ledger(engine, clock)

    def kinds() -> list[str]:
        while ledger.waiting:
            time.sleep(0.001)
        with reading(engine) as connection:
            return [entry.kind for entry in read_entries(connection)]

    async with catching() as switch:
        said = {"url": f"{switch.url}/good", "fail_url": f"{switch.url}/bad", **settings}
        read = HeartbeatSettings.model_validate(said)
        heart = Heartbeat(read, lambda: wrong[0], ledger, clock)
        await heart.tick()
        yield World(heart, clock, switch, wrong, kinds)
    ledger.close()
    engine.dispose()


async def test_it_beats_while_the_watch_works(tmp_path: Path) -> None:
    async with world(tmp_path) as each:
        assert [request.path for request in each.switch.caught] == ["/good"]
        assert await each.pass_time(180) == ["/good"] * 3
        assert each.kinds() == ["heartbeat.sent"]
        assert each.heart.trouble is None


async def test_trouble_is_told_with_its_reason_instead(tmp_path: Path) -> None:
    async with world(tmp_path) as each:
        each.wrong[0] = "ledger: disk full"
        assert await each.pass_time(120) == ["/bad"] * 2
        assert each.switch.caught[-1].body == b"ledger: disk full"
        assert each.heart.trouble == "ledger: disk full"
        each.wrong[0] = ""
        assert await each.pass_time(60) == ["/good"]
        assert each.kinds() == ["heartbeat.sent", "heartbeat.withheld", "heartbeat.sent"]


async def test_without_an_address_for_it_trouble_is_silence(tmp_path: Path) -> None:
    async with world(tmp_path, fail_url=None) as each:
        each.wrong[0] = "ledger: disk full"
        assert await each.pass_time(600) == []


async def test_a_beat_that_is_not_answered_is_repeated_soon(tmp_path: Path) -> None:
    async with world(tmp_path) as each:
        each.switch.then(answer(503), answer())
        assert await each.pass_time(70) == ["/good"] * 2
        assert each.kinds() == ["heartbeat.sent", "heartbeat.unanswered", "heartbeat.sent"]


def hanging() -> str:
    time.sleep(0.3)
    return ""


async def test_a_watch_that_cannot_say_how_it_is_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_DEADLINE", 0.05)
    async with world(tmp_path, fail_url=None) as each:
        each.heart._healthy = hanging
        assert await each.pass_time(60) == []
        assert "has not said within" in (each.heart.trouble or "")


async def test_credentials_are_sent_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAT", "hunter22")
    settings = {"bearer": "env:BEAT", "headers": {"X-Team": "db"}, "method": "GET"}
    async with world(tmp_path, **settings) as each:
        request = each.switch.caught[0]
        assert request.method == "GET"
        assert request.headers["authorization"] == "Bearer hunter22"
        assert request.headers["x-team"] == "db"
        each.switch.then(answer(500, "no Bearer hunter22 for /good"))
        await each.pass_time(60)
        assert each.heart.trouble is not None
        assert "hunter22" not in each.heart.trouble
