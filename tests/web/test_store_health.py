"""What is said of the store, and when."""

from pathlib import Path

from opsbook.core.clock import ManualClock
from opsbook.core.events import Bus
from opsbook.metrics.recorder import Recorder
from opsbook.metrics.stores.embedded import Embedded
from opsbook.probes.watch import Watch
from opsbook.web.store_health import StoreHealth


def health_of(directory: Path, clock: ManualClock) -> tuple[StoreHealth, Recorder, Embedded]:
    bus = Bus()
    store = Embedded()
    store.bind(directory, clock)
    store.start()
    recorder = Recorder(store, Watch([], bus, clock), bus)
    return StoreHealth(store, recorder, clock), recorder, store


async def test_counts_are_looked_up_again_after_some_seconds(tmp_path: Path) -> None:
    clock = ManualClock()
    health, _, store = health_of(tmp_path, clock)
    assert not health.stats
    await health.refresh()
    first = health.stats
    assert first
    await health.refresh()
    assert health.stats is first
    clock.advance(11)
    await health.refresh()
    assert health.stats is not first
    store.close()


def test_a_loss_is_trouble_for_five_minutes(tmp_path: Path) -> None:
    clock = ManualClock()
    health, recorder, store = health_of(tmp_path, clock)
    told = [health.trouble]
    for lost, passed in ((2, 0), (3, 299), (3, 299), (3, 2)):
        recorder.lost = lost
        clock.advance(passed)
        told.append(health.trouble)
    two, three = (f"the samples of {n} outcomes are lost; the log says why" for n in (2, 3))
    assert told == [None, two, three, three, None]
    store.close()
