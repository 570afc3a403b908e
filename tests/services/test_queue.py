"""Orders wait for their turn: a few, and not for ever."""

import asyncio

import pytest

from opsbook.core.errors import BadInputError
from opsbook.services.orders import Order, Ordered
from opsbook.services.queue import OrderQueue

DONE = Ordered("stop", True, "stopped", "pid 1", None, 0.1, ())


def stop(patience: float = 5.0, why: str = "new rack") -> Order:
    return Order("stop", "ada", why, patience=patience)


async def test_orders_are_taken_in_the_order_of_their_coming() -> None:
    queue = OrderQueue("a")
    placed = [asyncio.create_task(queue.place(stop(why=str(number)))) for number in range(3)]
    assert await queue.arrival(1)
    taken = [pending for _ in range(3) if (pending := queue.take())]
    assert [pending.order.why for pending in taken] == ["0", "1", "2"]
    assert queue.take() is None
    for pending in taken:
        pending.succeed(DONE)
    assert await asyncio.gather(*placed) == [DONE] * 3


async def test_without_an_order_none_arrives() -> None:
    assert not await OrderQueue("a").arrival(0.02)


async def test_an_order_that_is_withdrawn_is_not_taken() -> None:
    queue = OrderQueue("a")
    with pytest.raises(BadInputError, match="a: it was busy for 20 ms; the order to stop it"):
        await queue.place(stop(0.02))
    assert queue.take() is None


async def test_who_leaves_before_its_turn_withdraws_an_order() -> None:
    queue = OrderQueue("a")
    placed = asyncio.create_task(queue.place(stop()))
    await queue.arrival(1)
    placed.cancel()
    await asyncio.gather(placed, return_exceptions=True)
    assert queue.take() is None


async def test_an_order_whose_turn_came_may_take_longer_than_its_patience() -> None:
    queue = OrderQueue("a")
    placed = asyncio.create_task(queue.place(stop(0.05)))
    await queue.arrival(1)
    pending = queue.take()
    assert pending is not None
    await asyncio.sleep(0.1)
    pending.succeed(DONE)
    assert await placed == DONE


async def test_at_the_end_all_who_wait_are_told() -> None:
    queue = OrderQueue("a")
    placed = [asyncio.create_task(queue.place(stop())) for _ in range(4)]
    await queue.arrival(1)
    with pytest.raises(BadInputError, match="4 orders wait already"):
        await queue.place(stop())
    queue.close()
    answers = await asyncio.gather(*placed, return_exceptions=True)
    assert {str(each) for each in answers} == {"a: the watch has ended; nothing was done"}
