"""Orders carried out on one service, in its keeper's own turn, each with its proof."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, replace

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.secrets import mask
from opsbook.core.units import format_duration
from opsbook.services.controller import ControllerError
from opsbook.services.events import OrderFailed, ServiceOrdered, ServiceStarted, ServiceStopped
from opsbook.services.life import Life, Phase, Trouble
from opsbook.services.orders import Order, Ordered
from opsbook.services.queue import Pending
from opsbook.services.scaling import check_scale
from opsbook.services.standing import Begun, Standing, Stop

_LOOK_AT_REPLICAS = 0.1


@dataclass(slots=True)
class _Done:
    """How an order ended, and what is left for the keeper to mend."""

    verified: bool | None
    message: str
    trouble: Trouble | None


class Carrier:
    """Does what is ordered to one service, and knows what of it outlives this process."""

    def __init__(self, life: Life, standing: Standing) -> None:
        self._life = life
        self._controller = life.controller
        self._standing = standing

    async def carry_out(
        self, pending: Pending, trouble: Trouble | None, needed: Iterable[Life]
    ) -> Trouble | None:
        """Answer one order; returns the trouble that is left."""
        order = pending.order
        try:
            if (refused := await self._refusal(order)) is not None:
                pending.fail(refused)
                return trouble
            ordered, left = await self._carry_out(order, trouble, needed)
        except BaseException as error:
            ended = isinstance(error, asyncio.CancelledError)
            why = "the watch ended" if ended else f"its keeper broke: {mask(str(error))}"
            said = f"{self._life.name}: {why} during the {order.verb}; look how it stands"
            pending.fail(OpsbookError(said))
            raise
        pending.succeed(ordered)
        return left

    async def stays_stopped(self) -> bool:
        """Whether a stop by order stands; what may have been cut short is completed.

        What somebody else started in spite of it is left alone, and told.
        """
        stop = self._standing.stop
        if stop is None:
            return False
        message = str(stop)
        try:
            if not stop.reached:
                await self._controller.stop()
                await self._keep(replace(stop, reached=True))
                await self._tell_stopped(stop)
            elif (running := await self._controller.running()) is not None:
                message += f"; yet {running.name} runs: order a start or a stop"
        except ControllerError as error:
            message += f"; {error}"
        self._life.enter(Phase.STOPPED, message)
        self._cover()
        return True

    async def _refusal(self, order: Order) -> OpsbookError | None:
        """Why it is not even begun, if so."""
        try:
            if order.verb in ("reload", "scale"):
                await self._check_change(order)
        except OpsbookError as error:
            return error
        return None

    async def _check_change(self, order: Order) -> None:
        """Raises BadInputError, or ControllerError where its manager cannot be asked."""
        life = self._life
        if life.phase is not Phase.RUNNING:
            said = f" ({life.message})" if life.message else ""
            raise BadInputError(
                f"{life.name}: a {order.verb} needs it running; its phase is {life.phase}{said}"
            )
        if order.verb == "scale":
            before, now = self._standing.scaled_at, life.clock.now()
            ago = None if before is None else max(0.0, now - before)
            policy, running = life.settings.scale, await self._controller.replicas()
            check_scale(life.name, policy, order.replicas, running, ago)

    async def _carry_out(
        self, order: Order, trouble: Trouble | None, needed: Iterable[Life]
    ) -> tuple[Ordered, Trouble | None]:
        life, begun = self._life, time.monotonic()
        before = await self._shown(order)
        await self._begun(order)
        try:
            done = await self._obey(order, trouble, needed)
        finally:
            self._cover()
        if done.verified is False:
            await self._failed(order, done.message)
        ordered = Ordered(
            verb=order.verb,
            verified=done.verified,
            message=done.message,
            before=before,
            after=await self._shown(order),
            seconds=time.monotonic() - begun,
            evidence=life.ledger.evidence,
        )
        return ordered, done.trouble

    async def _begun(self, order: Order) -> None:
        """Write down what will be done before anything is; its checks may fail meanwhile."""
        life = self._life
        life.ledger.begin()
        life.ledger.record(
            "service.ordered",
            actor=order.by,
            verb=order.verb,
            by=order.by,
            why=order.why,
            replicas=order.replicas,
        )
        await life.ledger.written()
        life.bus.announce(ServiceOrdered(life.name, order.verb, order.by, order.why))
        life.watch.cover(life.name, str(order))

    async def _failed(self, order: Order, reason: str) -> None:
        life = self._life
        life.ledger.record(
            "service.order_failed", actor=order.by, verb=order.verb, by=order.by, reason=reason
        )
        await life.ledger.written()
        life.bus.announce(OrderFailed(life.name, order.verb, order.by, reason))

    async def _obey(self, order: Order, trouble: Trouble | None, needed: Iterable[Life]) -> _Done:
        match order.verb:
            case "start" | "restart":
                return await self._start(order, trouble, needed)
            case "stop":
                return await self._stop(order, trouble)
            case "reload":
                return await self._change(order, self._controller.reload())
            case "scale":
                assert order.replicas is not None
                await asyncio.to_thread(self._standing.scaled, self._life.clock.now())
                return await self._change(order, self._controller.scale(order.replicas))

    async def _start(self, order: Order, trouble: Trouble | None, needed: Iterable[Life]) -> _Done:
        life = self._life
        ends = order.verb == "restart" and not await self._ended_before(order)
        if ends and (refused := await self._end_instance()):
            return _Done(False, refused, trouble)
        await self._keep(None)
        life.well.clear()
        life.enter(Phase.STARTING, str(order))
        await life.dependencies(needed)
        started = time.monotonic()
        try:
            adopted = await self._controller.running() is not None
            life.instance = await self._controller.start()
        except ControllerError as error:
            return self._fallen(
                Trouble(trouble.at if trouble else started, str(error), alive=False)
            )
        life.bus.announce(ServiceStarted(life.name, life.instance, adopted))
        left = await life.verify(life.instance, started, trouble)
        return self._fallen(left) if left else self._proved()

    async def _ended_before(self, order: Order) -> bool:
        """Whether this very order has ended the old instance, in a life that was cut short."""
        if not order.key:
            return False
        instance = self._life.instance
        now = str(instance.process or instance.name) if instance else None
        known = self._standing.begun
        if known is not None and known.key == order.key:
            return now != known.instance
        await asyncio.to_thread(self._standing.began, Begun(order.key, now))
        return False

    async def _stop(self, order: Order, trouble: Trouble | None) -> _Done:
        life, earlier, stop = self._life, self._standing.stop, Stop(order.by, order.why)
        # Before anything ends: a later life of Opsbook must not start what was to be stopped.
        await self._keep(stop)
        if refused := await self._end_instance():
            await self._keep(earlier)
            return _Done(False, refused, trouble)
        unkept = await self._keep(replace(stop, reached=True))
        life.well.clear()
        life.enter(Phase.STOPPED, str(stop))
        await self._tell_stopped(stop)
        lasting = f"{unkept}: a later life of Opsbook will start it" if unkept else ""
        return _Done(True, lasting or "stopped; it stays so until its start is ordered", None)

    async def _change(self, order: Order, changing: Awaitable[None]) -> _Done:
        """Have what runs become something else, and verify that it still works.

        If it does not and yet lives, its checks say what may be done about it: a restart is
        not what was ordered.
        """
        life, started = self._life, time.monotonic()
        try:
            await changing
            if order.replicas is not None:
                await self._counted(order.replicas)
            instance = await self._controller.running()
        except ControllerError as error:
            return _Done(False, str(error), None)
        if instance is None:
            ended = f"it does not run after the {order.verb}"
            return self._fallen(Trouble(started, ended, alive=False))
        life.instance = instance
        left = await life.verify(instance, started, None)
        if left is None:
            return self._proved()
        return _Done(False, left.reason, None) if left.alive else self._fallen(left)

    async def _counted(self, wanted: int) -> None:
        """Wait until there are as many as were asked for. Raises ControllerError."""
        within, found = self._life.settings.restart.verify_within, None
        try:
            async with asyncio.timeout(within):
                while (found := await self._controller.replicas()) != wanted:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(_LOOK_AT_REPLICAS)
        except TimeoutError:
            raise ControllerError(
                f"{self._controller.subject}: {found} replicas and not {wanted} after "
                f"{format_duration(within)}"
            ) from None

    async def _end_instance(self) -> str:
        """Stop it; returns why it still runs, if it does. Gone is gone, whatever was said."""
        refused = ""
        try:
            await self._controller.stop()
        except ControllerError as error:
            refused = str(error)
        try:
            running = await self._controller.running()
        except ControllerError as error:
            return refused or f"nobody can tell whether it has ended: {error}"
        if running:
            return refused or f"{running.name} still runs"
        self._life.instance = None
        return ""

    def _fallen(self, trouble: Trouble) -> _Done:
        self._life.fall(trouble.reason)
        if not trouble.alive:
            self._life.instance = None
        return _Done(False, trouble.reason, trouble)

    def _proved(self) -> _Done:
        nothing = self._life.message
        return _Done(None if nothing else True, nothing or "its checks are well", None)

    async def _tell_stopped(self, stop: Stop) -> None:
        life = self._life
        life.ledger.record("service.stopped", actor=stop.by, by=stop.by, why=stop.why)
        await life.ledger.written()
        life.bus.announce(ServiceStopped(life.name, stop.by, stop.why))

    def _cover(self) -> None:
        """What is stopped on purpose raises no alert; what runs does."""
        life, stop = self._life, self._standing.stop
        if life.phase is Phase.STOPPED and stop is not None:
            life.watch.cover(life.name, str(stop))
        else:
            life.watch.uncover(life.name)

    async def _shown(self, order: Order) -> str | None:
        """The instance, or for a scaling how many there are."""
        if order.verb != "scale":
            return self._life.instance.name if self._life.instance else None
        with contextlib.suppress(ControllerError):
            count = await self._controller.replicas()
            return None if count is None else f"{count} replicas"
        return None

    async def _keep(self, stop: Stop | None) -> str:
        return await asyncio.to_thread(self._standing.stopped, stop)
