"""One service as it stands: its phase, its instance, and the proof that it works."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.units import format_duration
from opsbook.probes.model import Outcome, State, worst
from opsbook.probes.watch import Watch
from opsbook.services.controller import Controller
from opsbook.services.events import ServiceVerified
from opsbook.services.ledger import ServiceLedger
from opsbook.services.model import Death, Instance
from opsbook.services.settings import ServiceSettings

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where a service is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    RECOVERING = "recovering"
    NEEDS_PERSON = "needs a person"
    STOPPED = "stopped"
    """By order, until somebody orders its start."""


@dataclass(slots=True)
class Trouble:
    """Why a service has to be restarted; `at` is monotonic."""

    at: float
    reason: str
    alive: bool
    """Whether its process still runs and has to be stopped first."""


class Life:
    """What its keeper and those who carry out orders know of a service, and do to it."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        checks: Iterable[str],
        watch: Watch,
        bus: Bus,
        ledger: ServiceLedger,
        clock: Clock,
    ) -> None:
        self.name = name
        self.settings = settings
        self.controller: Controller = settings.controller
        self.checks = tuple(checks)
        """Names of the checks that are about this service."""
        self.watch = watch
        self.bus = bus
        self.ledger = ledger
        self.clock = clock
        self.phase = Phase.WAITING
        self.instance: Instance | None = None
        self.since = clock.now()
        """When the phase began, in seconds since 1970."""
        self.message = ""
        self.well = asyncio.Event()
        """Set while the service is verified: what depends on it may start."""
        self.verified_at = 0.0
        """When it was last verified; monotonic."""

    def state(self) -> State:
        """What people should see: down without a process, else the worst of its checks."""
        if self.watch.in_maintenance(self.name):
            return State.MAINTENANCE
        if self.phase in (Phase.RECOVERING, Phase.NEEDS_PERSON):
            return State.DOWN
        if self.phase is not Phase.RUNNING:
            return State.UNKNOWN
        return worst(self.watch.checks[name].state for name in self.checks)

    def enter(self, phase: Phase, message: str = "") -> None:
        if phase is not self.phase:
            self.phase, self.since = phase, self.clock.now()
        self.message = message

    def fall(self, message: str) -> None:
        """It does not work: what depends on it must wait, and it has to be brought back."""
        self.well.clear()
        self.enter(Phase.RECOVERING, message)

    async def dependencies(self, needed: Iterable["Life"]) -> None:
        """Wait until what it depends on is well, but no longer than that may take.

        What was stopped by order may stay so for days: it is not waited for.
        """
        for life in needed:
            if not life.well.is_set():
                try:
                    async with asyncio.timeout(life.settings.restart.verify_within):
                        while life.phase is not Phase.STOPPED and not life.well.is_set():
                            await _soon(life.well)
                except TimeoutError:
                    pass
            if not life.well.is_set():
                logger.warning("%s goes on without %s", self.name, life.name)

    async def verify(
        self, instance: Instance, started: float, trouble: Trouble | None
    ) -> Trouble | None:
        """Look until every check is well, the instance dies or the deadline passes.

        Of a success everything is told; of a failure nothing, for the caller knows what it
        was that failed.
        """
        death = asyncio.create_task(self.controller.death(instance))
        looks = asyncio.create_task(self.look_until_well())
        try:
            within = self.settings.restart.verify_within
            await asyncio.wait([death, looks], timeout=within, return_when="FIRST_COMPLETED")
            if looks.done():
                await self.verified(started, trouble, looks.result())
                return None
            if death.done():
                reason = f"died while being verified: {how(death)}"
            else:
                reason = f"not well {format_duration(within)} after its start: {self.message}"
            at = trouble.at if trouble else started
            return Trouble(at, reason, alive=not death.done())
        finally:
            death.cancel()
            looks.cancel()
            await asyncio.gather(death, looks, return_exceptions=True)

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
            outcomes = await asyncio.gather(*(self.watch.examine(name) for name in left))
            for name, outcome in zip(left, outcomes, strict=True):
                if outcome.state in (State.UP, State.DEGRADED):
                    found[name] = outcome
                else:
                    self.message = f"{name}: {outcome.message}"
            if len(found) == len(verifying):
                return found
            await asyncio.sleep(min(max(0.001, (time.monotonic() - started) / 50), 0.25))

    async def verified(
        self, started: float, trouble: Trouble | None, outcomes: dict[str, Outcome]
    ) -> None:
        """Believe what was seen, write it down and tell it."""
        now = time.monotonic()
        self.verified_at = now
        for name, outcome in outcomes.items():
            await self.watch.take(name, outcome)
        self.enter(Phase.RUNNING, "" if outcomes else "no check proves it")
        state = worst(outcome.state for outcome in outcomes.values())
        after_trouble = now - trouble.at if trouble else None
        self.ledger.record(
            "service.verified",
            state=state,
            after_start_ms=round((now - started) * 1e3, 3),
            after_trouble_ms=None if after_trouble is None else round(after_trouble * 1e3, 3),
            checks={name: outcome.measurements for name, outcome in outcomes.items()},
        )
        await self.ledger.written()
        evidence = self.ledger.evidence
        self.bus.announce(ServiceVerified(self.name, state, now - started, after_trouble, evidence))
        self.well.set()


def how(death: "asyncio.Task[Death]") -> str:
    """How an instance ended, or why its controller lost sight of it."""
    error = death.exception()
    return str(error) if error else death.result().how


async def _soon(event: asyncio.Event) -> None:
    """Wait for an event, but look up every now and then."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait([waiting], timeout=0.25)
    finally:
        waiting.cancel()
