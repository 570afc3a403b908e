"""Whether alerts reach people, as the status and the metrics say it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.rules.courier import Courier
from opsbook.alerts.silences import Silence
from opsbook.web.alerting_exposition import add_alerting
from opsbook.web.alerting_health import AlertingHealth
from tests.alerts.delivery.scene import Memory, Scene, scene, setup
from tests.services.platform import one_service, watched


class Told:
    """A scene, its receiver, and how it is reported."""

    def __init__(self, scene: Scene, receiver: Memory) -> None:
        self.scene, self.receiver = scene, receiver
        courier = Courier(scene.alerting.put, scene.clock)
        self.health = AlertingHealth(scene.alerting, courier, scene.clock)

    async def lines(self) -> list[str]:
        await self.health.refresh()
        found: list[str] = []
        add_alerting(self.health, found)
        return found


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    receiver = Memory()
    async with scene(tmp_path, setup(receivers={"default": [receiver]}, group_wait=0.0)) as each:
        yield Told(each, receiver)


async def silence(told: Told, text: str) -> None:
    now = told.scene.clock.now()
    wanted = Silence(parse_matchers(text), now, now + 3600, "ada", "known")
    await told.scene.alerting.silence(wanted, "ada")


async def test_alerts_and_silences_are_counted_by_their_states(told: Told) -> None:
    await told.scene.fire("A")
    await told.scene.fire("B")
    await silence(told, "alertname=B")
    lines = await told.lines()
    assert 'opsbook_alerts{state="active"} 1' in lines
    assert 'opsbook_alerts{state="suppressed"} 1' in lines
    assert 'opsbook_silences{state="active"} 1' in lines
    assert 'opsbook_silences{state="expired"} 0' in lines


async def test_alerts_that_nobody_counted_yet_are_not_said_to_be_none(told: Told) -> None:
    lines: list[str] = []
    add_alerting(told.health, lines)
    assert not any(line.startswith("opsbook_alerts{") for line in lines)


async def test_counts_are_made_again_after_a_while(told: Told) -> None:
    await told.lines()
    await told.scene.fire("A")
    assert 'opsbook_alerts{state="active"} 0' in await told.lines()
    told.scene.clock.advance(11)
    assert 'opsbook_alerts{state="active"} 1' in await told.lines()


async def test_notices_are_counted_by_what_became_of_them(told: Told) -> None:
    assert 'opsbook_notices_total{kind="memory",result="sent"} 0' in await told.lines()
    told.receiver.refuse(
        NotSentError("busy"),
        NotSentError("no such room", permanent=True),
        NotSentError("no answer", uncertain=True),
    )
    await told.scene.fire("A")
    await told.scene.pass_time(3)
    await told.scene.fire("B")
    await told.scene.fire("C")
    lines = await told.lines()
    assert 'opsbook_notice_retries_total{kind="memory"} 1' in lines
    assert 'opsbook_notices_total{kind="memory",result="failed"} 1' in lines
    assert 'opsbook_notices_total{kind="memory",result="unknown"} 1' in lines
    assert 'opsbook_notices_total{kind="memory",result="sent"} 1' in lines


async def test_a_notice_that_is_not_taken_waits_longer_and_longer(told: Told) -> None:
    told.receiver.refuse(*[NotSentError("busy")] * 100)
    await told.scene.fire("A")
    await told.scene.pass_time(30)
    lines = await told.lines()
    assert "opsbook_notices_undelivered 1" in lines
    assert "opsbook_notice_oldest_undelivered_seconds 30.0" in lines


async def test_counting_many_alerts_lets_others_have_their_turn(told: Told) -> None:
    now = told.scene.clock.now()
    reports = [Report({"alertname": "A", "n": str(n)}, {}, now, now + 60) for n in range(10_000)]
    await told.scene.alerting.put([admitted(each, now, 300) for each in reports])
    loop = asyncio.get_running_loop()
    counting = asyncio.create_task(told.health.refresh())
    turns = 0
    until = loop.time() + 20
    while not counting.done() and loop.time() < until:
        await asyncio.sleep(0)
        turns += 1
    assert told.health.alerts == {"active": 10_000, "suppressed": 0}
    assert turns >= 50


async def test_alerts_that_cannot_be_written_down_degrade_the_platform(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        platform.app.alerts.delivery.trouble = "disk full"
        address = platform.app.web.address
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            status = json.loads((await client.get(f"{address}/api/status")).content)
            lines = (await client.get(f"{address}/metrics")).text.splitlines()
    assert status["state"] == "degraded"
    assert status["alerting"]["trouble"] == "disk full"
    assert status["alerting"]["alerts"] == {"active": 0, "suppressed": 0}
    assert "opsbook_alerting_trouble 1.0" in lines
    assert "opsbook_alerts_refused_total 0" in lines
