"""Groups that run by themselves, and are replaced while they run."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Result
from opsbook.metrics.querier import Querier, never
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.rule import Ask, Rule, Samples
from opsbook.metrics.rules.runner import Runner
from opsbook.metrics.rules.spec import GroupSpec
from tests.eventually import eventually
from tests.metrics.rules.kept import Kept, group

ONE = [{"record": "one", "expr": "vector(1)"}]


class Slow(Engine):
    """Takes its time, unless nobody wants the answer any more."""

    def __init__(self, kept: Kept, seconds: float) -> None:
        super().__init__(kept.store)
        self._seconds = seconds
        self.inside = self.most = 0
        self._lock = threading.Lock()

    def instant(self, expression: str, at: int, *, cancelled: Callable[[], bool] = never) -> Result:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        deadline = time.monotonic() + self._seconds
        try:
            while time.monotonic() < deadline:
                if cancelled():
                    raise QueryError("canceled", "nobody waits")
                time.sleep(0.005)
            return super().instant(expression, at)
        finally:
            with self._lock:
                self.inside -= 1


@asynccontextmanager
async def running(
    kept: Kept, groups: Sequence[Group], querier: Querier | None = None, **more: Any
) -> AsyncIterator[Runner]:
    runner = Runner(groups, kept.store, querier or Engine(kept.store), kept.clock, **more)
    task = asyncio.create_task(runner.run())
    await asyncio.sleep(0)
    try:
        yield runner
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def values(kept: Kept, name: str) -> list[float | str]:
    return [value for samples in kept.found(name).values() for _, value in samples]


async def test_groups_are_evaluated_at_the_times_of_their_grid(kept: Kept) -> None:
    one = group(ONE, interval=0.2)
    async with running(kept, [one]):
        await eventually(lambda: len(values(kept, "one")) >= 4)
    (samples,) = kept.found("one").values()
    times = [kept.start + round(second * 1000) for second, _ in samples]
    assert times == list(range(times[0], times[0] + 200 * len(times), 200))
    assert one.next_after(times[0] - 1) == times[0]


async def test_with_a_first_time_nobody_waits_for_the_grid(kept: Kept) -> None:
    async with running(kept, [group(ONE, interval=3600)], first_after=0.05):
        await eventually(lambda: values(kept, "one") == [1.0])


async def test_a_slow_group_misses_evaluations_and_counts_them(kept: Kept) -> None:
    slow = Slow(kept, 0.08)
    one = group(ONE * 4, interval=0.1)
    async with running(kept, [one], slow):
        await eventually(lambda: one.status.evaluated >= 3)
    assert one.status.missed >= 4
    assert slow.most == 1


async def test_a_query_may_take_as_long_as_the_interval(kept: Kept) -> None:
    one = group(ONE, interval=0.1)
    async with running(kept, [one], Slow(kept, 60)):
        await eventually(lambda: one.status.rules[0].health == "err")
    assert one.status.rules[0].error == "the query took longer than the group's interval (0.1 s)"


async def test_groups_run_side_by_side_but_not_all_of_them(kept: Kept) -> None:
    slow = Slow(kept, 0.05)
    groups = [group(ONE, name=f"g{n}", interval=3600) for n in range(12)]
    async with running(kept, groups, slow, first_after=0):
        await eventually(lambda: all(each.status.evaluated for each in groups))
    assert 2 <= slow.most <= 4


async def test_the_event_loop_goes_on_meanwhile(kept: Kept) -> None:
    async with running(kept, [group(ONE, interval=3600)], Slow(kept, 0.3), first_after=0):
        longest, before = 0.0, time.perf_counter()
        for _ in range(50):
            await asyncio.sleep(0.005)
            longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    assert longest < 0.2


async def test_when_it_returns_no_thread_writes_any_more(kept: Kept) -> None:
    slow = Slow(kept, 60)
    async with running(kept, [group(ONE, interval=3600)], slow, first_after=0):
        await eventually(lambda: slow.inside == 1)
        before = time.monotonic()
    assert time.monotonic() - before < 1
    assert slow.inside == 0
    assert values(kept, "one") == []


async def test_a_rule_that_is_gone_is_ended_and_the_others_go_on(kept: Kept) -> None:
    two = [*ONE, {"record": "two", "expr": "vector(2)"}]
    async with running(kept, [group(two, interval=0.2)]) as runner:
        await eventually(lambda: values(kept, "two"))
        await runner.replace([group(ONE, interval=0.2)])
        count = len(values(kept, "one"))
        await eventually(lambda: "stale" in values(kept, "two"))
        await eventually(lambda: len(values(kept, "one")) > count)
    assert values(kept, "two")[-1] == "stale"
    assert "stale" not in values(kept, "one")


async def test_a_group_that_is_gone_is_ended(kept: Kept) -> None:
    async with running(kept, [group(ONE, interval=0.2)]) as runner:
        await eventually(lambda: values(kept, "one"))
        await runner.replace([])
        await eventually(lambda: values(kept, "one")[-1] == "stale")
        assert runner.status() == []


async def test_a_rule_that_moved_is_not_ended(kept: Kept) -> None:
    async with running(kept, [group(ONE, interval=0.1)]) as runner:
        await eventually(lambda: values(kept, "one"))
        moved = group(ONE, file="other", interval=0.1)
        await runner.replace([moved])
        await eventually(lambda: moved.status.evaluated >= 5)
    assert "stale" not in values(kept, "one")


async def test_a_group_that_did_not_change_is_left_alone(kept: Kept) -> None:
    one = group(ONE, interval=0.1)
    async with running(kept, [one]) as runner:
        await eventually(lambda: one.status.evaluated)
        await runner.replace([group(ONE, interval=0.1), group(ONE, name="new", interval=0.1)])
        assert runner.groups[0] is one
        new = runner.groups[1]
        await eventually(lambda: new.status.evaluated)


class Counting(Rule):
    name = "counting"

    def __init__(self, label: str = "") -> None:
        self.count, self.retired, self.label = 0, 0, label

    @property
    def identity(self) -> Hashable:
        return self.label

    def evaluate(self, at: int, ask: Ask) -> Samples:
        self.count += 1
        return {}

    def adopt(self, before: Rule) -> None:
        assert isinstance(before, Counting)
        self.count = before.count

    def retire(self, at: int) -> None:
        self.retired = at


async def test_a_rule_of_another_kind_goes_on_or_is_told_that_it_is_over(kept: Kept) -> None:
    def counting(limit: int, *rules: Rule) -> Group:
        return Group("f", GroupSpec(name="g", limit=limit), 3600, rules)

    stays, goes, follows = Counting("a"), Counting("b"), Counting("a")
    async with running(kept, [counting(0, stays, goes)], first_after=0) as runner:
        await eventually(lambda: goes.count)
        await runner.replace([counting(1, follows)])
        assert follows.count >= 1
    assert stays.retired == 0
    assert abs(goes.retired - kept.clock.now() * 1000) < 5000
