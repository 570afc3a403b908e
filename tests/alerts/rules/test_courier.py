"""The way of alerts from other threads to delivery."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import OperationalError

from opsbook.alerts.model import Alert
from opsbook.alerts.rules import courier as module
from opsbook.alerts.rules.courier import Courier, Put
from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from tests.eventually import eventually

NOW = 1_700_000_000.0


def alert(name: str, *, ended: bool = False, starts: float = NOW, note: str = "") -> Alert:
    ends = NOW if ended else NOW + 240
    annotations = labels_of({"note": note})
    return Alert(labels_of({"alertname": name}), annotations, starts, ends, NOW)


class Counter:
    """Takes alerts, unless it is told to refuse."""

    def __init__(self) -> None:
        self.taken: list[Alert] = []
        self.refuse = False
        self.refused = 0

    async def put(self, alerts: Sequence[Alert]) -> int:
        if self.refuse:
            self.refused += 1
            raise OperationalError("insert", {}, Exception("disk full"))
        self.taken += alerts
        return len(alerts)

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.taken]


def _trouble(courier: Courier) -> str | None:
    return courier.trouble


@asynccontextmanager
async def running(put: Put) -> AsyncIterator[Courier]:
    courier = Courier(put, ManualClock(NOW + 5), again=0.02)
    task = asyncio.create_task(courier.run())
    try:
        yield courier
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_alerts_of_another_thread_arrive_in_their_order() -> None:
    counter = Counter()
    async with running(counter.put) as courier:
        await asyncio.sleep(0)

        def send() -> None:
            for name in "abc":
                courier.send([alert(name)])

        thread = threading.Thread(target=send)
        thread.start()
        await eventually(lambda: counter.names == ["a", "b", "c"])
        thread.join()
    assert {each.updated_at for each in counter.taken} == {NOW + 5}


async def test_what_was_sent_before_it_runs_is_not_lost() -> None:
    counter = Counter()
    courier = Courier(counter.put, ManualClock(NOW))
    courier.send([alert("a")])
    task = asyncio.create_task(courier.run())
    await eventually(lambda: counter.names == ["a"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    courier.send([alert("b")])
    assert courier.waiting == 1


async def test_what_is_being_handed_over_waits_until_it_is_taken() -> None:
    counter, free = Counter(), asyncio.Event()

    async def put(alerts: Sequence[Alert]) -> int:
        await free.wait()
        return await counter.put(alerts)

    async with running(put) as courier:
        courier.send([alert("a")])
        await asyncio.sleep(0.05)
        assert courier.waiting == 1
        free.set()
        await eventually(lambda: courier.waiting == 0)
    assert counter.names == ["a"]


async def test_what_could_not_be_taken_is_handed_over_again_before_what_came_later() -> None:
    counter = Counter()
    counter.refuse = True
    async with running(counter.put) as courier:
        courier.send([alert("a")])
        await eventually(lambda: counter.refused > 1)
        assert _trouble(courier) == "disk full"
        courier.send([alert("b"), alert("a", ended=True)])
        counter.refuse = False
        await eventually(lambda: len(counter.taken) == 3)
        assert _trouble(courier) is None
    assert [(each.name, each.resolved(NOW)) for each in counter.taken] == [
        ("a", False),
        ("b", False),
        ("a", True),
    ]


async def test_what_is_told_again_while_it_waits_is_one_thing() -> None:
    counter = Counter()
    counter.refuse = True
    async with running(counter.put) as courier:
        for number in range(50):
            courier.send([alert("a", note=str(number))])
        await eventually(lambda: counter.refused > 1)
        courier.send([alert("a", note="last")])
        counter.refuse = False
        await eventually(lambda: len(counter.taken) == 1)
    assert dict(counter.taken[0].annotations) == {"note": "last"}


async def test_there_is_an_end_to_what_can_wait() -> None:
    courier = Courier(Counter().put, ManualClock(NOW))
    courier.send(alert(str(number)) for number in range(module._MOST_WAITING + 7))
    assert (courier.waiting, courier.lost) == (module._MOST_WAITING, 7)
    courier.send([alert("0", note="newer")])
    assert courier.lost == 7
