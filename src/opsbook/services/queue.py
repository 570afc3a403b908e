"""Orders that wait for their turn: a few, and not for ever."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.core.units import format_duration
from opsbook.services.orders import Order, Ordered

_MOST_WAITING = 4


@dataclass(slots=True, eq=False)
class Pending:
    """An order and the answer to it."""

    order: Order
    answer: "asyncio.Future[Ordered]"
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    def succeed(self, ordered: Ordered) -> None:
        """Whoever ordered gets this; it is no fault of ours if they have left."""
        if not self.answer.done():
            self.answer.set_result(ordered)

    def fail(self, error: OpsbookError) -> None:
        """The same for an order that was refused or cut short."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # retrieved: nobody may be there to do it


class OrderQueue:
    """The orders for one service. Its keeper takes them, one after the other."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._waiting: deque[Pending] = deque()
        self._came = asyncio.Event()

    async def place(self, order: Order) -> Ordered:
        """Have an order carried out; once its turn has come it is, though nobody waits.

        Raises BadInputError if it was not begun: nothing was done then.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise BadInputError(
                f"{self._service}: {_MOST_WAITING} orders wait already; order again later"
            )
        pending = Pending(order, asyncio.get_running_loop().create_future())
        self._waiting.append(pending)
        self._came.set()
        await self._turn(pending)
        return await asyncio.shield(pending.answer)

    def take(self) -> Pending | None:
        """The next order, to be answered by whoever takes it."""
        if not self._waiting:
            return None
        pending = self._waiting.popleft()
        pending.taken.set()
        return pending

    async def arrival(self, within: float | None = None) -> bool:
        """Return as soon as an order waits, or after so many seconds; whether one does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not self._waiting:
                    self._came.clear()
                    await self._came.wait()
        return bool(self._waiting)

    def close(self) -> None:
        """Nobody carries orders out any more: say so to all who wait."""
        while pending := self.take():
            pending.fail(BadInputError(f"{self._service}: the watch has ended; nothing was done"))

    async def _turn(self, pending: Pending) -> None:
        patience = pending.order.patience
        try:
            async with asyncio.timeout(patience):
                await pending.taken.wait()
        except TimeoutError:
            if not pending.taken.is_set():
                raise BadInputError(
                    f"{self._service}: it was busy for {format_duration(patience)}; the order "
                    f"to {pending.order.verb} it was withdrawn and nothing was done"
                ) from None
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(pending)
