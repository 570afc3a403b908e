"""One service kept running: started, watched for death, restarted, verified, and ordered."""

import asyncio
import time
from collections.abc import Iterable

from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.units import format_duration
from opsbook.probes.model import Outcome
from opsbook.probes.watch import Watch
from opsbook.services.budget import Budget
from opsbook.services.carrier import Carrier
from opsbook.services.controller import ControllerError
from opsbook.services.events import (
    NeedsPerson,
    RestartBegun,
    ServiceDied,
    ServiceStarted,
    ServiceUnwell,
    VerificationFailed,
)
from opsbook.services.ledger import ServiceLedger
from opsbook.services.life import Life, Phase, Trouble, how
from opsbook.services.model import Death, Instance
from opsbook.services.orders import Order, Ordered
from opsbook.services.queue import OrderQueue
from opsbook.services.settings import ServiceSettings
from opsbook.services.standing import Standing
from opsbook.state.ledger import Ledger

_ASK_AGAIN = 2.0
"""How often a service that a person has to mend is looked at."""


class Keeper(Life):
    """Carries one service from start to the end of the watch. Owns its controller.

    All that is done to the service is done in its one loop, so that nothing meets anything
    else half done: an order waits for the attempt to recover that is under way.
    """

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
        """The controller of the settings is bound already."""
        super().__init__(name, settings, checks, watch, bus, ServiceLedger(ledger, name), clock)
        self.budget = Budget(settings.restart, history)
        self._orders = OrderQueue(name)
        standing = Standing(self.controller.home.records / f"{name}.orders")
        self._carrier = Carrier(self, standing)
        self._unwell: asyncio.Queue[ServiceUnwell] = asyncio.Queue(maxsize=1)
        for check in self.checks:
            watch.hold(check)

    async def run(self, dependencies: Iterable["Keeper"]) -> None:
        """Keep the service until cancelled; it goes on when the watch ends."""
        needed = list(dependencies)
        try:
            trouble = await self._begin(needed)
        finally:
            for check in self.checks:
                self.watch.release(check)
        while True:
            trouble = await self._go_on(trouble, needed)

    async def order(self, order: Order) -> Ordered:
        """Have an order carried out and proved. It never spends the restart budget.

        Raises BadInputError if it cannot be carried out; nothing was done then.
        """
        return await self._orders.place(order)

    def close(self) -> None:
        """Nobody keeps the service any more: refuse the orders that wait."""
        self._orders.close()

    def unwell(self, check: str, message: str) -> None:
        """A check that may restart the service is believed down."""
        if self.phase is Phase.RUNNING and not self._unwell.full():
            self._unwell.put_nowait(ServiceUnwell(self.name, check, message))

    def lost(self, message: str) -> None:
        """Nobody keeps the service now: say so as loudly as when its budget is spent."""
        self.well.clear()
        self.enter(Phase.NEEDS_PERSON, message)
        self.ledger.record("service.needs_person", reason=message)
        self.bus.announce(NeedsPerson(self.name, message))

    async def _begin(self, needed: list["Keeper"]) -> Trouble | None:
        """Adopt what runs, or start it when its dependencies are well; not what was stopped."""
        self.enter(Phase.WAITING)
        if await self._carrier.stays_stopped():
            return None
        try:
            instance = await self.controller.running()
            adopted = instance is not None
            if instance is None:
                await self.dependencies(needed)
                self.enter(Phase.STARTING)
                instance = await self.controller.start()
        except ControllerError as error:
            return Trouble(time.monotonic(), str(error), alive=False)
        self.enter(Phase.STARTING, "adopted" if adopted else "")
        self.instance = instance
        started = time.monotonic()
        self.ledger.record(
            "service.adopted" if adopted else "service.started", instance=instance.name
        )
        await self.ledger.written()
        self.bus.announce(ServiceStarted(self.name, instance, adopted))
        return await self._proved(instance, started, None)

    async def _go_on(self, trouble: Trouble | None, needed: list["Keeper"]) -> Trouble | None:
        """The next thing that has to be done; returns the trouble that is left."""
        if pending := self._orders.take():
            trouble = await self._carrier.carry_out(pending, trouble, needed)
            self._forget_unwell()
            return trouble
        if self.phase is Phase.STOPPED:
            await self._orders.arrival(_ASK_AGAIN)
            await self._carrier.stays_stopped()
            return None
        if trouble is None:
            return await self._until_trouble()
        if self.phase is Phase.NEEDS_PERSON:
            return await self._until_mended(trouble)
        if self.watch.in_maintenance(self.name):
            # People at work: nothing happens by itself until they have finished.
            await self._orders.arrival(_ASK_AGAIN)
            return trouble
        return await self._recover(trouble, needed)

    async def _until_trouble(self) -> Trouble | None:
        """Wait for the instance's death, for a check that may restart it, or for an order."""
        assert self.instance is not None
        death = asyncio.create_task(self.controller.death(self.instance))
        unwell = asyncio.create_task(self._unwell.get())
        order = asyncio.create_task(self._orders.arrival())
        try:
            await asyncio.wait([death, unwell, order], return_when=asyncio.FIRST_COMPLETED)
            at = time.monotonic()
            if death.done():
                self.budget.lasted(at - self.verified_at)
                return await self._died(at, death)
            if not unwell.done():
                return None
            self.budget.lasted(at - self.verified_at)
            event = unwell.result()
            self.ledger.begin()
            self.fall(f"{event.check} is down: {event.message}")
            self.bus.announce(event)
            self.ledger.record("service.unwell", check=event.check, message=event.message)
            await self.ledger.written()
            return Trouble(at, self.message, alive=True)
        finally:
            for task in (death, unwell, order):
                task.cancel()
            await asyncio.gather(death, unwell, order, return_exceptions=True)

    async def _died(self, at: float, death: "asyncio.Task[Death]") -> Trouble:
        self.ledger.begin()
        self.fall(how(death))
        self.bus.announce(
            ServiceDied(self.name, self.message, self.watch.in_maintenance(self.name))
        )
        self.ledger.record("service.died", how=self.message)
        return Trouble(at, self.message, alive=False)

    def _forget_unwell(self) -> None:
        """What a check said before an order was carried out is no reason after it."""
        while not self._unwell.empty():
            self._unwell.get_nowait()

    async def _recover(self, trouble: Trouble, needed: list["Keeper"]) -> Trouble | None:
        """One attempt; returns None once verified, or the trouble that is left."""
        wait = self.budget.take(self.clock.now())
        if wait is None:
            return await self._give_up(trouble)
        if wait and await self._orders.arrival(wait):
            # Somebody knows better, and does not wait for an attempt that may not help.
            self.budget.give_back()
            return trouble
        used, most = self.budget.used(self.clock.now()), self.settings.restart.at_most
        self.ledger.record(
            "service.restart",
            reason=trouble.reason,
            attempt=f"{used} of {most} per {format_duration(self.settings.restart.per)}",
        )
        await self.ledger.written()
        self.bus.announce(RestartBegun(self.name, used, trouble.reason))
        await self.dependencies(needed)
        try:
            if trouble.alive:
                await self.controller.stop()
            started = time.monotonic()
            self.instance = await self.controller.start()
        except (ControllerError, TimeoutError) as error:
            reason = str(error) or "the controller took too long"
            return await self._failed(Trouble(trouble.at, reason, trouble.alive))
        self.bus.announce(ServiceStarted(self.name, self.instance, adopted=False))
        return await self._proved(self.instance, started, trouble)

    async def _proved(
        self, instance: Instance, started: float, trouble: Trouble | None
    ) -> Trouble | None:
        left = await self.verify(instance, started, trouble)
        return await self._failed(left) if left else None

    async def _failed(self, trouble: Trouble) -> Trouble:
        self.fall(trouble.reason)
        self.ledger.record("service.restart_failed", reason=trouble.reason)
        await self.ledger.written()
        self.bus.announce(VerificationFailed(self.name, trouble.reason))
        return trouble

    async def _give_up(self, trouble: Trouble) -> Trouble:
        """The budget is spent: say so, once."""
        policy = self.settings.restart
        spent = f"{policy.at_most} restarts per {format_duration(policy.per)} are used up"
        self.enter(Phase.NEEDS_PERSON, f"{trouble.reason}; {spent}")
        self.ledger.record("service.needs_person", reason=self.message)
        await self.ledger.written()
        self.bus.announce(NeedsPerson(self.name, self.message))
        return trouble

    async def _until_mended(self, trouble: Trouble) -> Trouble | None:
        """Watch for somebody to bring it back, by hand or by an order."""
        if await self._orders.arrival(_ASK_AGAIN):
            return trouble
        message = self.message
        found = await self._look_for_mended()
        self.message = message
        if found is None:
            return trouble
        self.instance, outcomes = found
        await self.verified(time.monotonic(), trouble, outcomes)
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
