"""What is read from a database while pages listen."""

import asyncio
from collections.abc import Mapping

import pytest
from sqlalchemy.exc import OperationalError

from opsbook.web.live.aside import ReadAside
from tests.eventually import eventually


class Shelf:
    def __init__(self) -> None:
        self.things: dict[str, int] = {"a": 1}
        self.error: Exception | None = None
        self.reads = self.arrivals = 0

    async def read(self) -> Mapping[str, int]:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return dict(self.things)

    def arrived(self) -> None:
        self.arrivals += 1


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsbook.web.live.aside._SHORTEST", 0.01)


async def test_it_is_not_known_before_it_was_read() -> None:
    shelf = Shelf()
    aside = ReadAside("shelf", shelf.read, every=60)
    assert aside.things is None
    task = asyncio.create_task(aside.run(shelf.arrived))
    await eventually(lambda: aside.things == {"a": 1})
    assert (shelf.reads, shelf.arrivals) == (1, 1)
    task.cancel()


async def test_a_nudge_has_it_read_again() -> None:
    shelf = Shelf()
    aside = ReadAside("shelf", shelf.read, every=60)
    task = asyncio.create_task(aside.run(shelf.arrived))
    await eventually(lambda: aside.things)
    shelf.things["b"] = 2
    aside.nudge()
    await eventually(lambda: aside.things == {"a": 1, "b": 2})
    assert shelf.arrivals == 2
    task.cancel()


async def test_what_is_the_same_wakes_nobody() -> None:
    shelf = Shelf()
    aside = ReadAside("shelf", shelf.read, every=0.01)
    task = asyncio.create_task(aside.run(shelf.arrived))
    await eventually(lambda: shelf.reads > 3)
    assert shelf.arrivals == 1
    task.cancel()


@pytest.mark.parametrize("error", [OperationalError("", {}, Exception("away")), KeyError("ours")])
async def test_while_it_cannot_be_read_it_stays_as_it_was(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf()
    aside = ReadAside("shelf", shelf.read, every=0.01)
    task = asyncio.create_task(aside.run(shelf.arrived))
    await eventually(lambda: aside.things)
    shelf.error, reads = error, shelf.reads
    await eventually(lambda: shelf.reads > reads + 3)
    assert aside.things == {"a": 1}
    assert len([each for each in caplog.records if "as they were" in each.message]) == 1
    shelf.error, shelf.things = None, {"c": 3}
    await eventually(lambda: aside.things == {"c": 3})
    task.cancel()


async def test_a_slow_database_is_asked_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[float] = []
    loop = asyncio.get_running_loop()

    async def read() -> Mapping[str, int]:
        reads.append(loop.time())
        await asyncio.sleep(0.03)
        return {}

    aside = ReadAside("slow", read, every=0.01)
    task = asyncio.create_task(aside.run(lambda: None))
    await eventually(lambda: len(reads) == 2)
    assert reads[1] - reads[0] > 0.3
    task.cancel()
