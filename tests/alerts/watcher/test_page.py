"""The daily page through the whole of delivery, on a clock that is moved by hand."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.routing.route import Branch
from opsbook.alerts.watcher.page import DailyPage
from opsbook.alerts.watcher.page_route import with_page_route
from opsbook.alerts.watcher.settings import PageSettings
from opsbook.core.clock import ManualClock
from opsbook.core.errors import BadInputError
from tests.alerts.delivery.scene import Memory, Scene, scene, setup

EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()
HOUR = 3600.0


class Day:
    """A scene with a page at nine, to be answered within half an hour."""

    def __init__(self, scene: Scene, page: DailyPage, ada: Memory, root: Memory) -> None:
        self.scene, self.page, self.ada, self.root = scene, page, ada, root

    async def pass_time(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            step = min(left, 60.0)
            left -= step
            await self.scene.pass_time(step, step)
            await self.page.tick()
            await self.scene.settled()

    async def acknowledge(self, name: str = "DailyPage") -> None:
        alerts = self.scene.alerting.board.alerts.values()
        numbers = [alert.fingerprint for alert in alerts if alert.name == name]
        await self.scene.alerting.acknowledge(numbers, "ada", "", "", None)

    def paged(self) -> list[str]:
        return [
            dict(alert.labels)["day"]
            for notice in self.ada.told
            for alert in notice.firing
            if alert.name == "DailyPage"
        ]

    def alarms(self) -> list[str]:
        told = [notice for notice in self.root.told if dict(notice.group_labels)]
        return [
            notice.status
            for notice in told
            if dict(notice.group_labels).get("alertname") == "DailyPageUnanswered"
        ]

    async def recorded(self) -> list[str]:
        kinds = ("page.sent", "page.answered", "page.unanswered")
        found = [entry for kind in kinds for entry in await self.scene.entries(kind)]
        return [entry.kind for entry in sorted(found, key=lambda each: each.seq)]


def whole(ada: Memory, root: Memory) -> Setup:
    silent = Branch(parse_matchers('alertname="DailyPage"'), receiver="root")
    receivers = {"root": [root], "ada": [ada]}
    week = 7 * 24 * HOUR
    made = setup(silent, receivers=receivers, group_wait=0.0, repeat_interval=week)
    return with_page_route(made, "ada")


@contextlib.asynccontextmanager
async def day(
    directory: Path, clock: ManualClock | None = None, zone: str = "UTC"
) -> AsyncIterator[Day]:
    ada, root = Memory(), Memory()
    settings = PageSettings.model_validate({"at": "09:00", "receiver": "ada", "zone": zone})
    async with scene(directory, whole(ada, root), clock or ManualClock(EIGHT)) as each:
        alerting = each.alerting
        page = DailyPage(settings, alerting, alerting._engine, each.ledger, each.clock)
        yield Day(each, page, ada, root)


async def test_one_page_a_day_goes_to_who_is_to_be_paged(tmp_path: Path) -> None:
    async with day(tmp_path) as each:
        await each.pass_time(59 * 60)
        assert each.paged() == []
        await each.pass_time(2 * 60)
        assert each.paged() == ["2026-03-02"]
        await each.acknowledge()
        await each.pass_time(24 * HOUR)
        assert each.paged() == ["2026-03-02", "2026-03-03"]
        assert each.root.told[:1] == []


async def test_a_page_that_is_acknowledged_ends_without_an_alarm(tmp_path: Path) -> None:
    async with day(tmp_path) as each:
        await each.pass_time(1.1 * HOUR)
        await each.acknowledge()
        await each.pass_time(2 * HOUR)
        assert each.ada.told[-1].status == "resolved"
        assert each.alarms() == []
        assert await each.recorded() == ["page.sent", "page.answered"]
        (entry,) = await each.scene.entries("page.answered")
        assert entry.actor == "ada"


async def test_a_page_that_nobody_acknowledges_raises_an_alarm_for_others(tmp_path: Path) -> None:
    async with day(tmp_path) as each:
        await each.pass_time(1.4 * HOUR)
        assert each.alarms() == []
        await each.pass_time(0.2 * HOUR)
        assert each.alarms() == ["firing"]
        assert await each.recorded() == ["page.sent", "page.unanswered"]


async def test_a_late_answer_ends_the_alarm(tmp_path: Path) -> None:
    async with day(tmp_path) as each:
        await each.pass_time(3 * HOUR)
        await each.acknowledge()
        await each.pass_time(0.1 * HOUR)
        assert each.alarms() == ["firing", "resolved"]
        assert await each.recorded() == ["page.sent", "page.unanswered", "page.answered"]


async def test_a_restart_sends_no_second_page_and_keeps_waiting(tmp_path: Path) -> None:
    clock = ManualClock(EIGHT)
    async with day(tmp_path, clock) as each:
        await each.pass_time(1.1 * HOUR)
        assert each.paged() == ["2026-03-02"]
    async with day(tmp_path, clock) as each:
        await each.pass_time(0.1 * HOUR)
        assert each.paged() == []
        await each.acknowledge()
        await each.pass_time(HOUR)
        assert (each.paged(), each.alarms()) == ([], [])
        assert await each.recorded() == ["page.sent", "page.answered"]


async def test_a_restart_raises_the_alarm_that_is_due_and_only_once(tmp_path: Path) -> None:
    clock = ManualClock(EIGHT)
    async with day(tmp_path, clock) as each:
        await each.pass_time(1.1 * HOUR)
    async with day(tmp_path, clock) as each:
        await each.pass_time(HOUR)
        assert each.alarms() == ["firing"]
    async with day(tmp_path, clock) as each:
        await each.pass_time(HOUR)
        assert each.alarms() == []
        assert await each.recorded() == ["page.sent", "page.unanswered"]


async def test_a_page_that_was_missed_by_hours_is_left_out(tmp_path: Path) -> None:
    async with day(tmp_path, ManualClock(EIGHT + 3 * HOUR)) as each:
        await each.pass_time(2 * HOUR)
        assert each.paged() == []
        await each.pass_time(21 * HOUR)
        assert each.paged() == ["2026-03-03"]


async def test_nine_is_nine_where_people_live(tmp_path: Path) -> None:
    async with day(tmp_path, ManualClock(EIGHT - 0.5 * HOUR), zone="Europe/Paris") as each:
        await each.pass_time(0.4 * HOUR)
        assert each.paged() == []
        await each.pass_time(0.2 * HOUR)
        assert each.paged() == ["2026-03-02"]


def test_a_receiver_that_is_not_declared_is_refused() -> None:
    made = setup(receivers={"root": [Memory()]})
    with pytest.raises(BadInputError, match=r"'ada' is not declared; there are root"):
        with_page_route(made, "ada")
