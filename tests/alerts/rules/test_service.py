"""What raises alerts and what delivers them, together, over several lives."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.origin import Origin
from opsbook.alerts.rules.service import AlertRules, Delivery
from opsbook.alerts.rules.settings import AlertRulesSettings
from opsbook.alerts.rules.suppression import Suppression
from opsbook.alerts.rules.unit.samples import Given, VirtualSamples
from opsbook.core.clock import ManualClock
from opsbook.core.events import Bus
from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.settings import DeclaredGroup
from opsbook.metrics.rules.spec import GroupSpec
from opsbook.probes.check import Check
from opsbook.probes.model import Outcome, State
from opsbook.probes.watch import Watch
from tests.alerts.delivery.scene import NOW, Memory, Scene, scene, setup
from tests.alerts.rules.platform import check
from tests.eventually import eventually

URL = "http://opsbook"
SIMPLE = {"rules": {"Hot": {"metric": "temperature", "operator": ">", "threshold": 80}}}


class House:
    """One platform: what is measured outlives each life of what watches it."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.clock, self.memory = directory, ManualClock(NOW), Memory()
        self.samples = VirtualSamples(Given({}, 0, 1))
        self.settings: dict[str, Any] = SIMPLE
        self.declared: list[DeclaredGroup] = []

    def measure(self, value: float, **labels: str) -> None:
        series = labels_of({NAME: "temperature", **labels})
        self.samples.append("put", self.now, {series: value})

    @property
    def now(self) -> int:
        return round(self.clock.now() * 1000)

    @asynccontextmanager
    async def life(self, *checks: Check, **more: Any) -> AsyncIterator["Life"]:
        bus = Bus()
        watch = Watch(checks, bus, self.clock)
        suppression = Suppression(watch, self.clock, Origin(URL))
        receivers = {"team": [self.memory]}
        async with scene(
            self.directory,
            setup(receivers=receivers, repeat_interval=86_400.0),
            self.clock,
            suppression,
        ) as delivery:
            life = Life(self, delivery, watch, bus, **more)
            courier = asyncio.create_task(life.rules.courier.run())
            try:
                yield life
            finally:
                courier.cancel()
                await asyncio.gather(courier, return_exceptions=True)


class Life:
    def __init__(self, house: House, scene: Scene, watch: Watch, bus: Bus, **more: Any) -> None:
        self.house, self.scene, self.watch = house, scene, watch
        delivery = Delivery(scene.alerting.put, lambda: scene.alerting.board.alerts)
        settings = AlertRulesSettings.model_validate(house.settings)
        self.rules = AlertRules(settings, delivery, watch, bus, house.clock, URL, **more)
        self.groups: list[Group] = self.rules.groups(house.declared, {})
        self.rules.adopt()

    async def pass_time(self, seconds: int) -> None:
        """Evaluate every 15 seconds, as long as what was measured last lasts."""
        for _ in range(0, seconds, 15):
            await self.step()
            await self.scene.pass_time(15, step=15)

    async def step(self) -> None:
        self.house.samples.now = self.house.now
        ask = Engine(self.house.samples).instant
        for group in self.groups:
            await asyncio.to_thread(group.evaluate, self.house.now, ask, self.house.samples)
        self.rules.tick(self.groups)
        await self.sent()

    async def sent(self) -> None:
        await eventually(lambda: not self.rules.courier.waiting)
        await asyncio.sleep(0.01)
        await self.scene.settled()

    def firing(self) -> dict[str, Alert]:
        now, board = self.house.clock.now(), self.scene.alerting.board.alerts
        return {each.name: each for each in board.values() if not each.resolved(now)}

    async def find(self, name: str, state: State) -> None:
        await self.watch.take(name, Outcome(self.house.clock.now(), 0.01, state, ""))


def notices(house: House) -> list[tuple[str, list[str]]]:
    return [(each.status, [alert.name for alert in each.alerts]) for each in house.memory.told]


async def test_a_rule_s_alert_is_told_and_so_is_its_end(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.life(external_labels=(("cluster", "eu"),)) as life:
        house.measure(90, room="a")
        await life.pass_time(30)
        (alert,) = life.firing().values()
        assert dict(alert.labels) == {
            "alertname": "Hot",
            "room": "a",
            "cluster": "eu",
            "severity": "warning",
        }
        assert alert.starts_at == NOW
        assert alert.generator_url == f"{URL}/graph?g0.expr=temperature+%3E+80&g0.tab=1"
        house.measure(70, room="a")
        await life.pass_time(90)
        assert life.firing() == {}
    assert notices(house) == [("firing", ["Hot"]), ("resolved", ["Hot"])]


async def test_a_restart_ends_nothing_and_tells_nothing_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.settings = {"rules": {"Hot": {**SIMPLE["rules"]["Hot"], "for": "1m"}}}
    async with house.life() as life:
        house.measure(90)
        await life.pass_time(120)
        started = life.firing()["Hot"].starts_at
    house.clock.advance(600)
    async with house.life() as life:
        assert [*life.firing()] == ["Hot"]
        await life.pass_time(15)
        house.measure(90)
        await life.pass_time(240)
        house.measure(90)
        await life.pass_time(120)
        assert life.firing()["Hot"].starts_at == started
    assert notices(house) == [("firing", ["Hot"])]


async def test_what_ended_while_nobody_watched_is_told_with_the_reason(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.life() as life:
        house.measure(90)
        await life.pass_time(30)
    house.clock.advance(60)
    async with house.life() as life:
        house.measure(70)
        await life.pass_time(45)
        assert [*life.firing()] == ["Hot"]
        await life.pass_time(120)
        assert life.firing() == {}
    assert notices(house) == [("firing", ["Hot"]), ("resolved", ["Hot"])]
    (alert,) = house.memory.told[-1].alerts
    assert dict(alert.annotations)["ended"] == "it had ended when opsbook was started again"


async def test_an_alert_of_a_rule_that_was_removed_is_no_zombie(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.life() as life:
        house.measure(90)
        await life.pass_time(30)
    house.settings = {}
    async with house.life() as life:
        await life.pass_time(75)
        assert life.firing() == {}
    (alert,) = house.memory.told[-1].alerts
    assert "was removed" in dict(alert.annotations)["ended"]


async def test_alerts_of_others_are_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.life() as life:
        await life.scene.fire("Theirs")
    async with house.life() as life:
        await life.pass_time(90)
        assert [*life.firing()] == ["Theirs"]


async def test_a_host_that_is_down_is_one_notice(tmp_path: Path) -> None:
    house = House(tmp_path)
    behind = [f"c{number:02}" for number in range(30)]
    checks = [check("host"), *(check(name, "host") for name in behind)]
    async with house.life(*checks) as life:
        await life.find("host", State.DOWN)
        for name in behind:
            await life.find(name, State.DOWN)
        await life.pass_time(60)
        assert len(life.scene.alerting.board.alerts) == 31
    (notice,) = house.memory.told
    assert [dict(alert.labels)["check"] for alert in notice.alerts] == ["host"]


async def test_rules_of_files_are_among_them(tmp_path: Path) -> None:
    house = House(tmp_path)
    rules: list[Mapping[str, str]] = [
        {"record": "hottest", "expr": "max(temperature)"},
        {"alert": "TooHot", "expr": "hottest > 80"},
    ]
    spec = GroupSpec.model_validate({"name": "g", "rules": rules})
    house.declared = [DeclaredGroup("rules.yml", spec, 15.0)]
    async with house.life() as life:
        house.measure(90, room="a")
        await life.step()
        assert {*life.firing()} == {"TooHot", "Hot"}
        assert [group.file for group in life.groups] == ["rules.yml", "alerts.rules"]


async def test_it_runs_until_it_is_cancelled(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with house.life(check("api")) as life:
        running = asyncio.create_task(life.rules.run(lambda: life.groups))
        await asyncio.sleep(0.05)
        await life.find("api", State.DOWN)
        await eventually(lambda: "CheckDown" in life.firing())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()
