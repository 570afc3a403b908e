"""The hub: whatever happens, every page knows what the server knows."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from pydantic import BaseModel

from opsbook.core.clock import ManualClock, SystemClock
from opsbook.core.events import Bus
from opsbook.web.live.aside import ReadAside
from opsbook.web.live.following import Following
from opsbook.web.live.hub import Ear, Hub
from opsbook.web.live.model import Since
from opsbook.web.live.outbox import Outbox
from opsbook.web.live.ring import Ring
from opsbook.web.live.topic import Topic
from tests.eventually import eventually
from tests.web.live.tab import Tab


class Shown(BaseModel):
    size: int


@dataclass(frozen=True)
class Moved:
    key: str


class Ground:
    """A hub over two shelves of sizes."""

    def __init__(self, clock: ManualClock | SystemClock, *, heard_of: bool = True) -> None:
        self.shelves: dict[str, dict[str, int]] = {"one": {}, "two": {}}
        self.bus, self.clock = Bus(), clock
        self.topics = [
            Topic(name, lambda name=name: self.shelves[name], lambda size: Shown(size=size))  # type: ignore[misc]
            for name in self.shelves
        ]
        ears = [Ear(Moved, lambda event: self.topics[0].touch(event.key))]
        self.written, self.reads = 0, 0
        asides = [ReadAside("shelf", self._read, 60.0)]
        self.hub = Hub(
            self.topics, ears, asides, Following(None), lambda: self.written, self.bus, clock
        )

    async def _read(self) -> Mapping[str, int]:
        self.reads += 1
        return {}

    def truth(self) -> dict[str, dict[str, dict[str, int]]]:
        return {
            name: {key: {"size": size} for key, size in shelf.items()}
            for name, shelf in self.shelves.items()
        }

    def turn(self) -> None:
        for topic in self.topics:
            topic.touch()
        self.hub.turn()


class Pages(RuleBasedStateMachine):
    """Pages come, go, and come back to a platform that changes all the time."""

    tabs = Bundle("tabs")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.ground = Ground(ManualClock())
        self.ground.hub._ring = Ring(most=4, most_characters=2_000)
        self.ground.turn()
        self.open: dict[int, tuple[Tab, Outbox]] = {}

    def teardown(self) -> None:
        self.loop.close()

    @rule(target=tabs)
    def a_new_tab(self) -> Tab:
        tab = Tab()
        self._join(tab)
        return tab

    @rule(tab=tabs)
    def back(self, tab: Tab) -> None:
        if id(tab) not in self.open:
            self._join(tab)

    @rule(tab=tabs, heard=st.integers(0, 3))
    def lost(self, tab: Tab, heard: int) -> None:
        """Its connection breaks when it has heard some of what was sent."""
        if id(tab) in self.open:
            _, outbox = self.open.pop(id(tab))
            self.ground.hub.outboxes.discard(outbox)
            for text, _ in list(outbox._texts)[:heard]:
                tab.take(text)

    @rule(
        shelf=st.sampled_from(["one", "two"]),
        key=st.sampled_from("abc"),
        size=st.integers(0, 3) | st.none(),
    )
    def change(self, shelf: str, key: str, size: int | None) -> None:
        if size is None:
            self.ground.shelves[shelf].pop(key, None)
        else:
            self.ground.shelves[shelf][key] = size

    @rule()
    def turn(self) -> None:
        self.ground.turn()

    @rule()
    def another_life(self) -> None:
        shelves = self.ground.shelves
        self.open.clear()
        self.ground = Ground(ManualClock())
        self.ground.shelves.update(shelves)
        self.ground.turn()

    @invariant()
    def every_open_tab_knows_what_the_server_knows(self) -> None:
        for tab, outbox in self.open.values():
            while outbox._texts:
                tab.take(outbox._texts.popleft()[0])
            known = {
                each.name: {key: json.loads(item) for key, item in (each.items or {}).items()}
                for each in self.ground.topics
            }
            assert tab.topics == known

    @rule()
    def after_a_turn_that_is_the_truth(self) -> None:
        self.ground.turn()
        self.every_open_tab_knows_what_the_server_knows()
        for tab, _ in self.open.values():
            assert tab.topics == self.ground.truth()

    def _join(self, tab: Tab) -> None:
        outbox = Outbox(self.ground.clock.monotonic)
        since = Since.model_validate(tab.since) if tab.since else None
        hub = self.ground.hub
        outbox.begin(hub.missed(since) or [hub.state()])
        hub.outboxes.add(outbox)
        self.open[id(tab)] = tab, outbox


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


@asynccontextmanager
async def running(ground: Ground) -> AsyncIterator[Hub]:
    task = asyncio.create_task(ground.hub.run())
    try:
        yield ground.hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def listening(hub: Hub) -> AsyncIterator[Outbox]:
    outbox = Outbox(SystemClock().monotonic)
    async with hub.listening():
        with hub.joined(outbox, None):
            yield outbox


def kinds(outbox: Outbox) -> list[str]:
    return [json.loads(text)["kind"] for text, _ in outbox._texts]


async def test_all_who_listen_cost_one_turn() -> None:
    ground = Ground(SystemClock())
    async with running(ground) as hub, listening(hub) as one, listening(hub) as other:
        turns = hub.turns
        ground.shelves["one"]["a"] = 1
        ground.bus.announce(Moved("a"))
        await eventually(lambda: kinds(one) == ["state", "change"])
        assert hub.turns == turns + 1
        assert one._texts[1][0] is other._texts[1][0]


async def test_an_event_is_told_at_once_and_many_are_told_together() -> None:
    ground = Ground(SystemClock())
    async with running(ground) as hub, listening(hub) as outbox:
        await asyncio.sleep(0.3)
        began, turns = asyncio.get_running_loop().time(), hub.turns
        for number in range(200):
            ground.shelves["one"]["a"] = number
            ground.bus.announce(Moved("a"))
            await asyncio.sleep(0.001)
        await eventually(lambda: '"size":199' in outbox._texts[-1][0])
        assert asyncio.get_running_loop().time() - began < 1
        assert hub.turns - turns <= 4


async def test_a_turn_that_nothing_called_for_keeps_no_event_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("opsbook.web.live.hub._SHORTEST", 1.5)
    ground = Ground(SystemClock())
    async with running(ground) as hub, listening(hub) as outbox:
        turns = hub.turns
        await eventually(lambda: hub.turns > turns + 2, within=8)
        ground.shelves["one"]["a"] = 1
        ground.bus.announce(Moved("a"))
        await eventually(lambda: "change" in kinds(outbox), within=1)


async def test_what_nothing_announces_is_told_within_a_second() -> None:
    ground = Ground(SystemClock())
    async with running(ground) as hub, listening(hub) as outbox:
        await asyncio.sleep(0.1)
        ground.shelves["two"]["b"] = 1
        await eventually(lambda: "change" in kinds(outbox), within=1.2)


async def test_what_is_written_down_has_all_aside_read_again() -> None:
    ground = Ground(SystemClock())
    async with running(ground) as hub, listening(hub):
        reads = ground.reads
        await asyncio.sleep(1.1)
        assert ground.reads == reads
        ground.written += 1
        await eventually(lambda: ground.reads == reads + 1, within=1.6)


async def test_nobody_listens_and_nothing_is_heard_of() -> None:
    ground = Ground(SystemClock())
    async with running(ground) as hub:
        ground.bus.announce(Moved("a"))
        await asyncio.sleep(0.05)
        assert hub.turns == 0
        async with listening(hub):
            assert hub.busy
        await eventually(lambda: not hub.busy)
        assert not any(ground.bus._handlers.values())
        turns = hub.turns
        await asyncio.sleep(1.2)
        assert hub.turns == turns


async def test_who_comes_after_a_pause_is_told_what_changed_meanwhile() -> None:
    ground = Ground(SystemClock())
    ground.shelves["one"] = {"a": 1, "b": 1}
    async with running(ground) as hub:
        async with listening(hub):
            since = Since(epoch=hub.epoch, seq=hub.seq)
        await eventually(lambda: not hub.busy)
        ground.shelves["one"] = {"b": 2}
        async with hub.listening():
            missed = [json.loads(each) for each in hub.missed(since) or []]
    assert [(each["set"], each["gone"]) for each in missed] == [
        ({"one": {"b": {"size": 2}}}, {"one": ["a"]})
    ]


async def test_a_topic_that_fails_keeps_no_other_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ground = Ground(ManualClock())
    ground.turn()
    ground.shelves["one"]["a"] = "no size"  # type: ignore[assignment]
    ground.shelves["two"]["b"] = 1
    ground.turn()
    ground.turn()
    assert ground.topics[1].items == {"b": '{"size":1}'}
    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == 1
    ground.shelves["one"]["a"] = 1
    ground.turn()
    assert ground.topics[0].items == {"a": '{"size":1}'}


async def test_more_missed_than_there_is_is_told_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("opsbook.web.live.hub._LITTLE", 1_000)
    ground = Ground(ManualClock())
    ground.turn()
    since = Since(epoch=ground.hub.epoch, seq=ground.hub.seq)
    for number in range(50):
        ground.shelves["one"]["a"] = number
        ground.turn()
    assert ground.hub.missed(since) is None
    newest = Since(epoch=ground.hub.epoch, seq=ground.hub.seq)
    assert [json.loads(each)["kind"] for each in ground.hub.missed(newest) or []] == ["beat"]


async def test_who_is_not_told_anything_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsbook.web.live.hub._READY_WITHIN", 0.05)
    with pytest.raises(TimeoutError):
        async with Ground(SystemClock()).hub.listening():
            pass
