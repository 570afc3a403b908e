"""The watch: runs every check when it is due and tells what changed."""

import asyncio
import contextlib
import heapq
import zlib
from collections.abc import Iterable

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.probes.check import Check
from opsbook.probes.events import CheckChanged, OutcomeTaken
from opsbook.probes.look import look_once
from opsbook.probes.maintenance import Maintenance
from opsbook.probes.model import Outcome, State

_TICK = 0.05
"""Fewer, larger wake-ups cost least; a tick is below any interval that people choose."""
_LONGEST = 1.0
"""Between two looks at what is late."""
_SPREAD_AT_START = 1.0
"""The first looks are spread over this many seconds: soon, but not all at once."""
_BURST = 16
"""Looks started before the loop turns to those under way: started by the hundred, each has
left the processor's cache when its answer comes (139 ms of CPU per 1,000 instead of 105)."""
_MOST_AT_ONCE = 512
"""Looks under way together; beyond it they wait their turn and show as late if they must."""


class Watch:
    """Owns the checks and their tasks. One run of a check at a time."""

    def __init__(
        self,
        checks: Iterable[Check],
        bus: Bus,
        clock: Clock,
        maintenance: Iterable[Maintenance] = (),
    ) -> None:
        self.checks = {check.name: check for check in checks}
        self.looks = 0
        """How many outcomes were taken since the start."""
        self._bus = bus
        self._clock = clock
        self._maintenance = tuple(maintenance)
        self._windows_at = -1
        """Second of `_in_window`: whether each service is in a window of the book."""
        self._in_window: dict[str | None, bool] = {}
        self._due: list[tuple[float, str]] = []
        self._next: dict[str, float] = {}
        """The one due time that counts for each check; other entries in `_due` are stale."""
        self._under_way: dict[str, asyncio.Task[Outcome]] = {}
        self._last_seen: dict[str, float] = {}
        self._held: set[str] = set()
        self._covered: dict[str, str] = {}
        self._sooner = asyncio.Event()
        """Set when something is due before everything else was."""
        self._crowded = False
        """Whether more looks could start at once."""

    async def run(self) -> None:
        """Watch until cancelled; then stop every look and close every probe."""
        now = self._clock.monotonic()
        self._last_seen = dict.fromkeys(self.checks, now)
        for name, check in self.checks.items():
            self._schedule(name, now + _first_offset(check))
        swept = now
        try:
            while True:
                now = self._clock.monotonic()
                self._start_due(now)
                if now - swept >= 1.0:
                    self._sweep(now)
                    swept = now
                await self._rest(now)
        finally:
            await self._close()

    async def look(self, name: str) -> Outcome:
        """Look now; joins a look that is under way. The outcome is taken like any other."""
        task = self._under_way.get(name) or self._start(self.checks[name])
        return await asyncio.shield(task)

    async def examine(self, name: str) -> Outcome:
        """Look now without taking the outcome: whoever asks decides what it means."""
        while under_way := self._under_way.get(name):
            await asyncio.wait([under_way])
        check = self.checks[name]
        task = asyncio.create_task(look_once(check, self._clock), name=name)
        self._under_way[name] = task
        try:
            return await task
        finally:
            self._under_way.pop(name, None)

    async def take(self, name: str, outcome: Outcome) -> None:
        """Take an outcome of `examine` as if the schedule had found it."""
        await self._take(self.checks[name], outcome)

    def hold(self, name: str) -> None:
        """Do not look at a check by itself: what it is about is only being started."""
        self._held.add(name)

    def release(self, name: str) -> None:
        """Look again by itself, and soon."""
        if name in self._held:
            self._held.discard(name)
            self._last_seen[name] = now = self._clock.monotonic()
            self._schedule(name, now + _first_offset(self.checks[name]))

    def cause(self, check: Check) -> str | None:
        """The failing check furthest up that `check` is behind, or None."""
        for name in check.parents:
            parent = self.checks[name]
            if parent.outcome is not None and parent.outcome.state is State.DOWN:
                return self.cause(parent) or name
        return None

    def shown_state(self, check: Check) -> State:
        """The state with maintenance over it."""
        covered = self.in_maintenance(check.settings.service)
        return State.MAINTENANCE if covered else check.state

    def cover(self, service: str, reason: str) -> None:
        """Maintenance of one service until `uncover`: somebody does this to it on purpose."""
        self._covered[service] = reason

    def uncover(self, service: str) -> None:
        """What is found of it counts again."""
        self._covered.pop(service, None)

    def covered(self, service: str | None) -> str:
        """What somebody does to this service on purpose; empty if nothing."""
        return self._covered.get(service or "", "")

    def in_maintenance(self, service: str | None) -> bool:
        """Whether people are at work on this service, or on all of them, now."""
        if self.covered(service):
            return True
        second = int(self._clock.now())
        if second != self._windows_at:
            # A window costs 5 µs with its time zone, and each check of a thousand asks.
            self._windows_at, self._in_window = second, {}
        if service not in self._in_window:
            open_now = any(window.covers(service, second) for window in self._maintenance)
            self._in_window[service] = open_now
        return self._in_window[service]

    def _start_due(self, now: float) -> None:
        started = 0
        while (
            self._due
            and self._due[0][0] <= now
            and len(self._under_way) < _MOST_AT_ONCE
            and started < _BURST
        ):
            started += 1
            due, name = heapq.heappop(self._due)
            if due != self._next[name]:
                continue
            check = self.checks[name]
            if name not in self._under_way and name not in self._held:
                self._start(check)
            # What was missed is not caught up with: a burst helps nobody.
            missed = now - due > check.settings.every
            interval = check.settings.retry_every if check.waiting else check.settings.every
            self._schedule(name, (now if missed else due) + interval)
        room = len(self._under_way) < _MOST_AT_ONCE
        self._crowded = room and bool(self._due) and self._due[0][0] <= now

    async def _rest(self, now: float) -> None:
        """Until something is due: a watch over little must cost little."""
        wait = min(self._due[0][0] - now, _LONGEST) if self._due else _LONGEST
        self._sooner.clear()
        if self._crowded or wait <= _TICK:
            await asyncio.sleep(0 if self._crowded else _TICK)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._sooner.wait()

    def _schedule(self, name: str, due: float) -> None:
        if not self._due or due < self._due[0][0]:
            self._sooner.set()
        self._next[name] = due
        heapq.heappush(self._due, (due, name))

    def _start(self, check: Check) -> asyncio.Task[Outcome]:
        task = asyncio.create_task(self._look(check), name=check.name)
        self._under_way[check.name] = task
        return task

    async def _look(self, check: Check) -> Outcome:
        try:
            outcome = await look_once(check, self._clock)
            await self._take(check, outcome)
            return outcome
        finally:
            self._under_way.pop(check.name, None)

    async def _take(self, check: Check, outcome: Outcome) -> None:
        if outcome.state is not State.UP and check.parents:
            await self._refresh_parents(check)
        self.looks += 1
        self._last_seen[check.name] = self._clock.monotonic()
        was_waiting = check.waiting
        before = check.take(outcome)
        self._bus.announce(OutcomeTaken(check.name, outcome))
        if before is not None:
            self._announce_change(check, before)
        if check.waiting and not was_waiting:
            self._schedule(check.name, self._last_seen[check.name] + check.settings.retry_every)

    async def _refresh_parents(self, check: Check) -> None:
        """Look at the parents first, so that a child is never blamed for them."""
        stale = [
            name
            for name in check.parents
            if (parent := self.checks[name].outcome) is None
            or parent.at < self._clock.now() - check.settings.retry_every
        ]
        if stale:
            await asyncio.gather(*(self.look(name) for name in stale))

    def _announce_change(self, check: Check, before: State) -> None:
        self._bus.announce(
            CheckChanged(
                check=check.name,
                service=check.settings.service,
                before=before,
                after=check.state,
                outcome=check.outcome,
                cause=self.cause(check) if check.state is not State.UP else None,
                flapping=check.flapping,
                maintenance=self.shown_state(check) is State.MAINTENANCE,
            )
        )

    def _sweep(self, now: float) -> None:
        """Find checks whose outcome is overdue: a watch that is late must say so."""
        for name, check in self.checks.items():
            allowed = 2 * check.settings.every + check.settings.timeout + 1.0
            if name not in self._held and now - self._last_seen[name] > allowed:
                before = check.miss(self._clock.now())
                if before is not None:
                    self._announce_change(check, before)

    async def _close(self) -> None:
        self._due, self._crowded = [], False
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.gather(*(check.probe.close() for check in self.checks.values()))


def _first_offset(check: Check) -> float:
    """Where in its interval a check starts: the same at each start, spread by its name."""
    share = zlib.crc32(check.name.encode()) / 2**32
    return share * min(check.settings.every, _SPREAD_AT_START)
