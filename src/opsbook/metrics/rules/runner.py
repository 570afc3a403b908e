"""Groups that are evaluated when they are due, and replaced while they run."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from opsbook.core.clock import Clock
from opsbook.core.errors import OpsbookError
from opsbook.core.labels import Labels
from opsbook.metrics.model import STALE
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Result
from opsbook.metrics.querier import Querier
from opsbook.metrics.rules.evaluation import Evaluation, Keeps
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.rule import Ask
from opsbook.metrics.rules.status import GroupStatus

logger = logging.getLogger(__name__)

_MOST_AT_ONCE = 4
"""Groups evaluated at one time; the others wait for a thread."""
_LONGEST_GRACE = 300.0
"""Seconds after which an old sample stands for nothing any more."""


class Runner:
    """Owns groups and their tasks. One evaluation of a group at a time."""

    def __init__(
        self,
        groups: Iterable[Group],
        keeps: Keeps,
        querier: Querier,
        clock: Clock,
        first_after: float | None = None,
    ) -> None:
        """With `first_after`, all groups are evaluated once so many seconds after the start; else
        they wait for their time, as in Prometheus."""
        self._groups = _by_key(groups)
        self._keeps = keeps
        self._querier = querier
        self._clock = clock
        self._first_after = first_after
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._running: asyncio.TaskGroup | None = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def groups(self) -> Sequence[Group]:
        return tuple(self._groups.values())

    def status(self) -> list[GroupStatus]:
        return [group.status for group in self._groups.values()]

    async def run(self) -> None:
        """Evaluate until cancelled; return when every evaluation has ended."""
        with ThreadPoolExecutor(_MOST_AT_ONCE, "rules") as self._pool:
            try:
                async with asyncio.TaskGroup() as self._running:
                    for group in self._groups.values():
                        self._start(group)
                    await asyncio.Event().wait()
            finally:
                self._running = None
                self._tasks.clear()

    async def replace(self, groups: Iterable[Group]) -> None:
        """Have these groups instead. What did not change goes on as if nothing had happened; what
        is gone is ended: its series get staleness markers, its alerts are resolved."""
        now = self._now()
        wanted, before = _by_key(groups), self._groups
        same = {
            key for key, group in wanted.items() if key in before and group.same_as(before[key])
        }
        await self._stop(before.keys() - same)
        self._groups = {key: before[key] if key in same else wanted[key] for key in wanted}
        left: list[tuple[Group, list[Evaluation]]] = []
        for key in before.keys() - same:
            evaluations = before[key].evaluations
            if key in wanted:
                evaluations = wanted[key].adopt(evaluations)
            left.append((before[key], evaluations))
        for key in wanted.keys() - same:
            self._start(wanted[key])
        for group, evaluations in left:
            self._retire(group, evaluations, now)

    def _start(self, group: Group) -> None:
        if self._running is not None:
            task = self._running.create_task(self._keep_evaluating(group), name=group.store_group)
            self._tasks[group.key] = task

    async def _stop(self, keys: Iterable[tuple[str, str]]) -> None:
        tasks = [self._tasks.pop(key) for key in list(keys) if key in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_evaluating(self, group: Group) -> None:
        at = group.next_after(self._now())
        if self._first_after is not None:
            await asyncio.sleep(self._first_after)
            await self._evaluate(group, self._now())
            at = group.next_after(self._now())
        while True:
            await asyncio.sleep((at - self._now()) / 1000)
            await self._evaluate(group, at)
            at = group.follow(at, self._now())

    async def _evaluate(self, group: Group, at: int) -> None:
        """In a thread, whose end is waited for in any case: it writes to the store."""
        assert self._pool is not None
        stopped = threading.Event()
        ask = _asking(self._querier, group.interval, stopped)
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(
            self._pool, group.evaluate, at, ask, self._keeps, stopped.is_set
        )
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            stopped.set()
            await asyncio.wait([running])
            raise
        except Exception:  # a fault of our own must not end the watch
            logger.exception("group %s failed", group.store_group)

    def _retire(self, group: Group, evaluations: list[Evaluation], at: int) -> None:
        series = frozenset().union(*(one.series for one in evaluations))
        for one in evaluations:
            one.rule.retire(at)
        if series and self._running is not None:
            self._running.create_task(self._end(group, series, at))

    async def _end(self, group: Group, series: frozenset[Labels], at: int) -> None:
        """Mark series of rules that are gone, unless another rule has begun to give them: a rule
        that moved to another group or file gets the time for that."""
        await asyncio.sleep(min(2 * group.interval, _LONGEST_GRACE))
        ended = series.difference(*(each.series for each in self._groups.values()))
        try:
            if ended:
                loop, samples = asyncio.get_running_loop(), dict.fromkeys(ended, float(STALE))
                append = self._keeps.append
                await loop.run_in_executor(self._pool, append, group.store_group, at, samples)
        except OpsbookError as error:
            logger.warning("%s: its series were not ended: %s", group.store_group, error)

    def _now(self) -> int:
        return int(self._clock.now() * 1000)


def _asking(querier: Querier, seconds: float, stopped: threading.Event) -> Ask:
    """Each query may take as long as the group's interval."""

    def ask(expression: str, at: int) -> Result:
        deadline = time.monotonic() + seconds

        def over() -> bool:
            return stopped.is_set() or time.monotonic() > deadline

        try:
            return querier.instant(expression, at, cancelled=over)
        except QueryError as error:
            if error.type == "canceled" and not stopped.is_set():
                text = f"the query took longer than the group's interval ({seconds:g} s)"
                raise QueryError("timeout", text) from None
            raise

    return ask


def _by_key(groups: Iterable[Group]) -> dict[tuple[str, str], Group]:
    return {group.key: group for group in groups}
