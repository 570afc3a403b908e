"""The watch on the running loop, with probes that do what they are told."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr, create_model

from opsbook.core.clock import SystemClock
from opsbook.core.events import Bus
from opsbook.probes.check import Check
from opsbook.probes.events import CheckChanged, OutcomeTaken
from opsbook.probes.maintenance import Maintenance
from opsbook.probes.model import Measurements, State
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.settings import CheckSettings
from opsbook.probes.watch import Watch
from tests.eventually import eventually


class Told(Probe):
    """A probe that fails, hangs or breaks when it is told to."""

    measures: ClassVar[Mapping[str, str]] = {"n": "looks so far"}

    _mood: str = PrivateAttr(default="well")
    _looks: int = PrivateAttr(default=0)
    _together: int = PrivateAttr(default=0)
    _most_together: int = PrivateAttr(default=0)
    _closed: bool = PrivateAttr(default=False)

    @property
    def subject(self) -> str:
        return "what it is told"

    async def look(self) -> Measurements:
        self._looks += 1
        self._together += 1
        self._most_together = max(self._most_together, self._together)
        try:
            await asyncio.sleep(30 if self._mood == "hang" else 0.001)
        finally:
            self._together -= 1
        if self._mood == "fail":
            raise ProbeFailedError("told to fail")
        if self._mood == "break":
            raise ZeroDivisionError("told to break")
        return {"n": self._looks}

    async def close(self) -> None:
        self._closed = True


CheckOfTold = create_model("CheckOfTold", __base__=CheckSettings, told=(Told, Told()))


def told(name: str, parents: tuple[str, ...] = (), **settings: Any) -> Check:
    quick = {"every": "50ms", "timeout": "1s", "retry_every": "50ms", "told": {}}
    return Check(name, CheckOfTold.model_validate({**quick, **settings}), parents)


def probe(check: Check) -> Told:
    assert isinstance(check.probe, Told)
    return check.probe


@asynccontextmanager
async def watching(
    *checks: Check, held: Iterable[str] = (), **options: Any
) -> AsyncIterator[tuple[Watch, list[object]]]:
    """A running watch, and all that it announces."""
    bus, heard = Bus(), list[object]()
    bus.subscribe(object, heard.append)
    watch = Watch(checks, bus, SystemClock(), **options)
    for name in held:
        watch.hold(name)
    task = asyncio.create_task(watch.run())
    try:
        yield watch, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def changes(heard: list[object]) -> list[tuple[str, str, str | None]]:
    return [(e.check, e.after, e.cause) for e in heard if isinstance(e, CheckChanged)]


async def test_checks_are_looked_at_again_and_again() -> None:
    check = told("a")
    async with watching(check) as (_, heard):
        await eventually(lambda: sum(isinstance(event, OutcomeTaken) for event in heard) >= 5)
    assert check.state is State.UP
    assert changes(heard) == [("a", "up", None)]


async def test_a_failure_is_told_once_and_so_is_its_end() -> None:
    check = told("a")
    async with watching(check) as (_, heard):
        await eventually(lambda: check.state is State.UP)
        probe(check)._mood = "fail"
        await eventually(lambda: check.state is State.DOWN)
        await asyncio.sleep(0.3)
        probe(check)._mood = "well"
        await eventually(lambda: check.state is State.UP)
    assert changes(heard) == [("a", "up", None), ("a", "down", None), ("a", "up", None)]


async def test_a_look_that_hangs_is_stopped_at_its_deadline() -> None:
    check = told("a", timeout="50ms", timed_out="unknown")
    probe(check)._mood = "hang"
    async with watching(check):
        await eventually(lambda: check.outcome is not None)
        assert check.state is State.UNKNOWN
        await eventually(lambda: probe(check)._looks >= 3)
        assert probe(check)._most_together == 1


async def test_a_probe_that_breaks_is_unknown_and_the_watch_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, well = told("broken"), told("well")
    probe(broken)._mood = "break"
    async with watching(broken, well):
        await eventually(lambda: broken.outcome is not None and probe(well)._looks > 3)
    assert broken.outcome is not None
    assert broken.state is State.UNKNOWN
    assert "the probe itself broke: ZeroDivisionError" in broken.outcome.message


async def test_one_check_is_looked_at_once_at_a_time_however_many_ask() -> None:
    check = told("a", every="10ms")
    async with watching(check) as (watch, _):
        await asyncio.gather(*(watch.look("a") for _ in range(20)), watch.examine("a"))
    assert probe(check)._most_together == 1


async def test_what_is_behind_a_failing_check_is_attributed_to_it() -> None:
    root, middle = told("root"), told("middle", parents=("root",))
    leaf = told("leaf", parents=("middle",), every="20ms")
    async with watching(root, middle, leaf) as (_, heard):
        await eventually(lambda: all(c.state is State.UP for c in (root, middle, leaf)))
        for check in (leaf, middle, root):
            probe(check)._mood = "fail"
        await eventually(lambda: all(c.state is State.DOWN for c in (root, middle, leaf)))
        looks = probe(leaf)._looks
        await eventually(lambda: probe(leaf)._looks > looks)
    told_down = {check: cause for check, after, cause in changes(heard) if after == "down"}
    assert told_down == {"root": None, "middle": "root", "leaf": "root"}


async def test_a_child_that_fails_alone_is_its_own_cause() -> None:
    parent, child = told("parent"), told("child", parents=("parent",))
    probe(child)._mood = "fail"
    async with watching(parent, child) as (watch, heard):
        await eventually(lambda: child.state is State.DOWN)
        assert watch.cause(child) is None
    assert ("child", "down", None) in changes(heard)


async def test_a_watch_that_falls_behind_says_late() -> None:
    check = told("a", every="100ms", timeout="100ms")
    async with watching(check) as (watch, heard):
        await eventually(lambda: check.state is State.UP)
        watch._next["a"] = float("inf")
        await eventually(lambda: check.state is State.LATE)
        assert ("a", "late", None) in changes(heard)


async def test_maintenance_lies_over_the_state() -> None:
    window = Maintenance.model_validate(
        {"reason": "work", "begin": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
    )
    check = told("a")
    async with watching(check, maintenance=[window]) as (watch, heard):
        await eventually(lambda: check.state is State.UP)
        assert watch.shown_state(check) is State.MAINTENANCE
    assert [event.maintenance for event in heard if isinstance(event, CheckChanged)] == [True]


async def test_the_end_of_the_watch_stops_looks_and_closes_probes() -> None:
    hanging, well = told("hanging"), told("well")
    probe(hanging)._mood = "hang"
    async with watching(hanging, well):
        await eventually(lambda: probe(hanging)._together == 1 and probe(well)._looks)
    assert probe(hanging)._together == 0
    assert probe(hanging)._closed
    assert probe(well)._closed


async def test_looks_are_spread_over_the_interval() -> None:
    checks = [told(f"check-{number}", every="1s") for number in range(50)]
    async with watching(*checks):
        await asyncio.sleep(0.25)
        early = sum(probe(check)._looks > 0 for check in checks)
        await eventually(lambda: all(probe(check)._looks for check in checks))
    assert 5 <= early <= 40


async def test_a_held_check_is_looked_at_when_somebody_asks_and_by_itself_when_released() -> None:
    check = told("a")
    async with watching(check, held=["a"]) as (watch, heard):
        await asyncio.sleep(0.3)
        assert probe(check)._looks == 0
        outcome = await watch.examine("a")
        assert (outcome.state, changes(heard)) == (State.UP, [])
        watch.release("a")
        await eventually(lambda: check.state is State.UP)
