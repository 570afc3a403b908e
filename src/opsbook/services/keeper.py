"""One service kept running: started, watched for death, restarted, verified."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.units import format_duration
from opsbook.probes.model import Outcome, State, worst
from opsbook.probes.watch import Watch
from opsbook.services.budget import Budget
from opsbook.services.controller import Controller, ControllerError
from opsbook.services.events import (
    NeedsPerson,
    RestartBegun,
    ServiceDied,
    ServiceStarted,
    ServiceUnwell,
    ServiceVerified,
    VerificationFailed,
)
from opsbook.services.model import Death, Instance
from opsbook.services.settings import ServiceSettings
from opsbook.state.chain import Entry
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_RECORD_WITHIN = 1.0
"""How long a restart waits for its entry to be on disk: a full disk must not stop it."""
_ASK_AGAIN = 2.0
"""How often a service that a person has to mend is looked at."""


class Phase(StrEnum):
    """Where a service is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    RECOVERING = "recovering"
    NEEDS_PERSON = "needs a person"


@dataclass(slots=True)
class Trouble:
    """Why a service has to be restarted; `at` is monotonic."""

    at: float
    reason: str
    alive: bool
    """Whether its process still runs and has to be stopped first."""


class Keeper:
    """Carries one service from start to the end of the watch. Owns its controller."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        checks: Iterable[str],
        watch: Watch,
        bus: Bus,
        ledger: Ledger,
        clock: Clock,
        history: Iterable[float] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.controller: Controller = settings.controller
        self.checks = tuple(checks)
        """Names of the checks that are about this service."""
        self.budget = Budget(settings.restart, history)
        self.phase = Phase.WAITING
        self.instance: Instance | None = None
        self.since = clock.now()
        """When the phase began, in seconds since 1970."""
        self.message = ""
        self.well = asyncio.Event()
        """Set while the service is verified: what depends on it may start."""
        self._watch = watch
        self._bus = bus
        self._ledger = ledger
        self._clock = clock
        self._verified_at = 0.0
        self._unwell: asyncio.Queue[ServiceUnwell] = asyncio.Queue(maxsize=1)
        self._entries: list[asyncio.Future[Entry]] = []
        """The ledger entries that tell the story of this trouble, on disk or on their way."""
        for check in self.checks:
            watch.hold(check)

    async def run(self, dependencies: Iterable["Keeper"]) -> None:
        """Keep the service until cancelled; it goes on when the watch ends."""
        needed = list(dependencies)
        try:
            trouble = await self._begin(needed)
        finally:
            for check in self.checks:
                self._watch.release(check)
        while True:
            if trouble is None:
                trouble = await self._until_trouble()
            await self._sit_out_maintenance()
            trouble = await self._recover(trouble, needed)

    def unwell(self, check: str, message: str) -> None:
        """A check that may restart the service is believed down."""
        if self.phase is Phase.RUNNING and not self._unwell.full():
            self._unwell.put_nowait(ServiceUnwell(self.name, check, message))

    def lost(self, message: str) -> None:
        """Nobody keeps the service now: say so as loudly as when its budget is spent."""
        self.well.clear()
        self._enter(Phase.NEEDS_PERSON, message)
        self._ledger.record("service.needs_person", self.name, reason=message)
        self._bus.announce(NeedsPerson(self.name, message))

    def state(self) -> State:
        """What people should see: down without a process, else the worst of its checks."""
        if self._watch.in_maintenance(self.name):
            return State.MAINTENANCE
        if self.phase in (Phase.RECOVERING, Phase.NEEDS_PERSON):
            return State.DOWN
        if self.phase is not Phase.RUNNING:
            return State.UNKNOWN
        return worst(self._watch.checks[name].state for name in self.checks)

    async def _begin(self, needed: list["Keeper"]) -> Trouble | None:
        """Adopt what runs, or start it when its dependencies are well."""
        try:
            instance = await self.controller.running()
            adopted = instance is not None
            if instance is None:
                await self._dependencies(needed)
                self._enter(Phase.STARTING)
                instance = await self.controller.start()
        except ControllerError as error:
            return Trouble(time.monotonic(), str(error), alive=False)
        self._enter(Phase.STARTING, "adopted" if adopted else "")
        self.instance = instance
        started = time.monotonic()
        kind = "service.adopted" if adopted else "service.started"
        await self._record(kind, instance=instance.name)
        self._bus.announce(ServiceStarted(self.name, instance, adopted))
        return await self._verify(instance, started, None)

    async def _until_trouble(self) -> Trouble:
        """Wait for the instance's death, or for a check that may restart it."""
        assert self.instance is not None
        death = asyncio.create_task(self.controller.death(self.instance))
        unwell = asyncio.create_task(self._unwell.get())
        try:
            await asyncio.wait([death, unwell], return_when=asyncio.FIRST_COMPLETED)
            at = time.monotonic()
            self.budget.lasted(at - self._verified_at)
            if death.done():
                return await self._died(at, death)
            event = unwell.result()
            self._entries = []
            self._begin_recovery(f"{event.check} is down: {event.message}")
            self._bus.announce(event)
            await self._record("service.unwell", check=event.check, message=event.message)
            return Trouble(at, self.message, alive=True)
        finally:
            death.cancel()
            unwell.cancel()
            await asyncio.gather(death, unwell, return_exceptions=True)

    async def _died(self, at: float, death: "asyncio.Task[Death]") -> Trouble:
        how = _how(death)
        maintenance = self._watch.in_maintenance(self.name)
        self._entries = []
        self._begin_recovery(how)
        self._bus.announce(ServiceDied(self.name, how, maintenance))
        self._entries.append(self._ledger.record("service.died", self.name, how=how))
        return Trouble(at, how, alive=False)

    def _begin_recovery(self, message: str) -> None:
        self.well.clear()
        self._enter(Phase.RECOVERING, message)

    async def _sit_out_maintenance(self) -> None:
        """People at work: nothing happens by itself until they have finished."""
        while self._watch.in_maintenance(self.name):  # noqa: ASYNC110 - time is the event
            await asyncio.sleep(_ASK_AGAIN)

    async def _recover(self, trouble: Trouble, needed: list["Keeper"]) -> Trouble | None:
        """One attempt; returns None once verified, or the trouble that is left."""
        wait = self.budget.take(self._clock.now())
        if wait is None:
            return await self._until_mended(trouble)
        used, most = self.budget.used(self._clock.now()), self.settings.restart.at_most
        await self._record(
            "service.restart",
            reason=trouble.reason,
            attempt=f"{used} of {most} per {format_duration(self.settings.restart.per)}",
        )
        self._bus.announce(RestartBegun(self.name, used, trouble.reason))
        await asyncio.sleep(wait)
        await self._dependencies(needed)
        try:
            if trouble.alive:
                await self.controller.stop()
            started = time.monotonic()
            self.instance = await self.controller.start()
        except (ControllerError, TimeoutError) as error:
            return await self._failed(str(error) or "the controller took too long", trouble)
        self._bus.announce(ServiceStarted(self.name, self.instance, adopted=False))
        return await self._verify(self.instance, started, trouble)

    async def _verify(
        self, instance: Instance, started: float, trouble: Trouble | None
    ) -> Trouble | None:
        """Look until every check is well, the instance dies or the deadline passes."""
        death = asyncio.create_task(self.controller.death(instance))
        looks = asyncio.create_task(self.look_until_well())
        try:
            within = self.settings.restart.verify_within
            await asyncio.wait([death, looks], timeout=within, return_when="FIRST_COMPLETED")
            if looks.done():
                await self._verified(started, trouble, looks.result())
                return None
            if death.done():
                reason = f"died while being verified: {_how(death)}"
            else:
                reason = f"not well {format_duration(within)} after its start: {self.message}"
            still = not death.done()
        finally:
            death.cancel()
            looks.cancel()
            await asyncio.gather(death, looks, return_exceptions=True)
        at = trouble.at if trouble else started
        return await self._failed(reason, Trouble(at, reason, alive=still))

    async def look_until_well(self) -> dict[str, Outcome]:
        """Outcomes of all checks that verify it, each well.

        A look costs 0.1 ms, so they are tight at first and never add more than a
        fiftieth to the service's own start time.
        """
        started = time.monotonic()
        verifying = self.settings.restart.verified_by or self.checks
        found: dict[str, Outcome] = {}
        while True:
            left = [name for name in verifying if name not in found]
            outcomes = await asyncio.gather(*(self._watch.examine(name) for name in left))
            for name, outcome in zip(left, outcomes, strict=True):
                if outcome.state in (State.UP, State.DEGRADED):
                    found[name] = outcome
                else:
                    self.message = f"{name}: {outcome.message}"
            if len(found) == len(verifying):
                return found
            await asyncio.sleep(min(max(0.001, (time.monotonic() - started) / 50), 0.25))

    async def _verified(
        self, started: float, trouble: Trouble | None, outcomes: dict[str, Outcome]
    ) -> None:
        now = time.monotonic()
        self._verified_at = now
        for name, outcome in outcomes.items():
            await self._watch.take(name, outcome)
        self._enter(Phase.RUNNING, "" if outcomes else "no check proves it")
        state = worst(outcome.state for outcome in outcomes.values())
        after_trouble = now - trouble.at if trouble else None
        await self._record(
            "service.verified",
            state=state,
            after_start_ms=round((now - started) * 1e3, 3),
            after_trouble_ms=None if after_trouble is None else round(after_trouble * 1e3, 3),
            checks={name: outcome.measurements for name, outcome in outcomes.items()},
        )
        evidence = tuple(entry.result().seq for entry in self._entries if entry.done())
        self._bus.announce(
            ServiceVerified(self.name, state, now - started, after_trouble, evidence)
        )
        self.well.set()

    async def _failed(self, reason: str, trouble: Trouble) -> Trouble:
        self._begin_recovery(reason)
        await self._record("service.restart_failed", reason=reason)
        self._bus.announce(VerificationFailed(self.name, reason))
        return Trouble(trouble.at, reason, trouble.alive)

    async def _until_mended(self, trouble: Trouble) -> Trouble | None:
        """The budget is spent: say so once, then watch for somebody to bring it back."""
        policy = self.settings.restart
        if self.phase is not Phase.NEEDS_PERSON:
            spent = f"{policy.at_most} restarts per {format_duration(policy.per)} are used up"
            self._enter(Phase.NEEDS_PERSON, f"{trouble.reason}; {spent}")
            await self._record("service.needs_person", reason=self.message)
            self._bus.announce(NeedsPerson(self.name, self.message))
        message = self.message
        while True:
            await asyncio.sleep(_ASK_AGAIN)
            found = await self._look_for_mended()
            self.message = message
            if found is not None:
                self.instance, outcomes = found
                await self._verified(time.monotonic(), trouble, outcomes)
                return None

    async def _look_for_mended(self) -> tuple[Instance, dict[str, Outcome]] | None:
        try:
            instance = await self.controller.running()
            if instance is None:
                return None
            async with asyncio.timeout(_ASK_AGAIN):
                return instance, await self.look_until_well()
        except (ControllerError, TimeoutError):
            return None

    async def _dependencies(self, needed: list["Keeper"]) -> None:
        """Wait until what it depends on is well, but no longer than that may take."""
        for keeper in needed:
            if not keeper.well.is_set():
                try:
                    async with asyncio.timeout(keeper.settings.restart.verify_within):
                        await keeper.well.wait()
                except TimeoutError:
                    logger.warning("%s goes on without %s", self.name, keeper.name)

    def _enter(self, phase: Phase, message: str = "") -> None:
        if phase is not self.phase:
            self.phase, self.since = phase, self._clock.now()
        self.message = message

    async def _record(self, kind: str, **body: Any) -> None:
        """Have it on disk before going on, but never let a full disk stop a restart."""
        self._entries.append(self._ledger.record(kind, self.name, **body))
        _, late = await asyncio.wait(self._entries, timeout=_RECORD_WITHIN)
        if late:
            logger.warning("%d entries of %s are not on disk yet", len(late), self.name)


def _how(death: "asyncio.Task[Death]") -> str:
    """How an instance ended, or why its controller lost sight of it."""
    error = death.exception()
    return str(error) if error else death.result().how
