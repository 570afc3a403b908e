"""What is on its way to one page."""

import asyncio

from opsbook.core.clock import ManualClock
from opsbook.web.live.outbox import Outbox
from tests.eventually import eventually


class Page:
    """Takes what it is sent while `reads` is set."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reads = asyncio.Event()
        self.reads.set()

    async def take(self, text: str) -> None:
        await self.reads.wait()
        self.texts.append(text)


async def test_texts_come_in_order() -> None:
    outbox, page = Outbox(ManualClock().monotonic), Page()
    outbox.begin(["state"])
    outbox.put("1")
    task = asyncio.create_task(outbox.send(page.take))
    outbox.put("2")
    await eventually(lambda: page.texts == ["state", "1", "2"])
    outbox.put("3")
    await eventually(lambda: page.texts[3:] == ["3"])
    task.cancel()


async def test_too_much_that_waits_is_let_go() -> None:
    outbox = Outbox(ManualClock().monotonic, most_characters=10)
    for _ in range(11):
        outbox.put("x")
    assert not outbox.given_up.is_set()
    outbox.put("y")
    assert outbox.given_up.is_set()
    assert not outbox._texts
    outbox.put("z")
    assert not outbox._texts


async def test_one_text_may_be_as_much_as_it_is() -> None:
    outbox = Outbox(ManualClock().monotonic, most_characters=10)
    outbox.put("x" * 1000)
    assert not outbox.given_up.is_set()
    outbox.put("y")
    assert outbox.given_up.is_set()


async def test_what_it_begins_with_may_be_as_much_as_it_is() -> None:
    outbox, page = Outbox(ManualClock().monotonic, most_characters=10), Page()
    outbox.begin(["x" * 1000])
    outbox.put("y" * 10)
    assert not outbox.given_up.is_set()
    task = asyncio.create_task(outbox.send(page.take))
    await eventually(lambda: len(page.texts) == 2)
    outbox.put("z" * 10)
    outbox.put("z")
    assert not outbox.given_up.is_set()
    task.cancel()


async def test_who_takes_too_long_is_given_up() -> None:
    clock, page = ManualClock(), Page()
    outbox = Outbox(clock.monotonic, patience=10)
    page.reads.clear()
    outbox.put("1")
    task = asyncio.create_task(outbox.send(page.take))
    await asyncio.sleep(0)
    clock.advance(9)
    outbox.look_after()
    assert not outbox.given_up.is_set()
    clock.advance(2)
    outbox.look_after()
    assert outbox.given_up.is_set()
    task.cancel()


async def test_who_is_sent_nothing_takes_no_time() -> None:
    clock, page = ManualClock(), Page()
    outbox = Outbox(clock.monotonic)
    outbox.put("1")
    task = asyncio.create_task(outbox.send(page.take))
    await eventually(lambda: page.texts)
    clock.advance(3600)
    outbox.look_after()
    assert not outbox.given_up.is_set()
    task.cancel()
