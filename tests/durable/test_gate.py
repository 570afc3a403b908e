"""The door before every step."""

import asyncio

from opsbook.durable.gate import Gate


async def test_an_open_gate_holds_nobody_up() -> None:
    gate = Gate()
    async with gate.passage():
        pass
    assert await gate.shut(0.0)


async def test_shutting_waits_for_all_inside() -> None:
    gate, leave = Gate(), asyncio.Event()

    async def stay() -> None:
        async with gate.passage():
            await leave.wait()

    inside = [asyncio.create_task(stay()) for _ in range(2)]
    await asyncio.sleep(0)
    shutting = asyncio.create_task(gate.shut(5.0))
    await asyncio.sleep(0.01)
    assert not shutting.done()
    leave.set()
    assert await shutting
    await asyncio.gather(*inside)


async def test_shutting_does_not_wait_for_ever() -> None:
    gate = Gate()
    async with gate.passage():
        assert not await gate.shut(0.01)


async def test_nobody_enters_a_shut_gate() -> None:
    gate = Gate()
    await gate.shut(0.0)
    entering = asyncio.create_task(gate.passage().__aenter__())
    await asyncio.sleep(0.01)
    assert not entering.done()
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    assert await gate.shut(0.0)
