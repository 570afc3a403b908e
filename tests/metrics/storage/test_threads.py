"""Many threads write, read, delete and keep house at once; what was taken is there, and no more."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from opsbook.core.clock import ManualClock
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from opsbook.metrics.store import TooManySeriesError
from tests.metrics.storage.model import ALWAYS, EVERYTHING, samples

START = 1_700_000_040_000
STEP = 5_000
LIMITS = Limits(block=60_000, merged=(240_000, 960_000), out_of_order=20_000, cache_bytes=50_000)


@pytest.fixture(autouse=True)
def threads_take_turns_often() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path, LIMITS, ManualClock(START / 1000 + 100_000))


def all_at_once(*work: Callable[[], None], until_done: tuple[Callable[[], None], ...] = ()) -> None:
    """Run each in a thread, and the others again and again meanwhile; raise what they raise."""
    over, errors = threading.Event(), list[BaseException]()

    def once(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    def again(task: Callable[[], None]) -> None:
        while not over.is_set() and not errors:
            once(task)

    others = [threading.Thread(target=again, args=(task,)) for task in until_done]
    workers = [threading.Thread(target=once, args=(task,)) for task in work]
    for thread in (*others, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    over.set()
    for thread in others:
        thread.join()
    for error in errors:
        raise error


def series(name: str, count: int, **labels: str) -> list[Labels]:
    return [labels_of({"__name__": name, **labels, "n": str(n)}) for n in range(count)]


def look(engine: Engine) -> None:
    for matcher in (Matcher("__name__", "=~", "m.*"), Matcher("n", "!~", "[13]|")):
        samples(engine.select((matcher,), START, 2**53))
        engine.series((matcher,), *ALWAYS)
    engine.stats()


def test_writers_of_their_own_groups_lose_nothing(engine: Engine) -> None:
    rows, width = 200, 7

    def writer(number: int) -> Callable[[], None]:
        def write() -> None:
            for step in range(rows):
                # Each time other series as well: the index grows while others read it.
                known = series("m", width, job=str(number))
                known += series(f"m{step % 11}", 1, job=str(number), step=str(step // 20))
                layout = engine.layout(f"g{number}", known)
                values = np.full(len(known), float(step))
                assert engine.append_row(layout, START + step * STEP, values).taken == len(known)

        return write

    all_at_once(
        *(writer(number) for number in range(4)),
        until_done=(lambda: look(engine), engine.keep_house),
    )
    found = samples(engine.select((Matcher("__name__", "=", "m"),), *ALWAYS))
    assert len(found) == 4 * width
    times = {START + step * STEP for step in range(rows)}
    assert all(held.keys() == times for held in found.values())
    assert sum(map(len, samples(engine.select(EVERYTHING, *ALWAYS)).values())) == 4 * rows * 8
    assert engine.stats().problems == ()
    engine.close()


def test_writers_of_one_group_fill_the_same_rows(engine: Engine) -> None:
    rows = 300
    at = threading.Barrier(3)

    def writer(number: int) -> Callable[[], None]:
        def write() -> None:
            layout = engine.layout("g", series("m", 5, part=str(number)))
            for step in range(rows):
                values = np.arange(float(step), step + 5)
                assert engine.append_row(layout, START + step * STEP, values).taken == 5
                at.wait(60)  # otherwise one of them could be further ahead than is allowed

        return write

    all_at_once(
        *(writer(number) for number in range(3)),
        until_done=(lambda: look(engine), engine.keep_house),
    )
    frames = engine.select(EVERYTHING, *ALWAYS)
    assert [len(frame.labels) for frame in frames] == [15]
    assert frames[0].whole
    assert len(frames[0].times) == rows
    engine.close()


def test_samples_that_are_deleted_while_others_come_stay_deleted(engine: Engine) -> None:
    doomed = (Matcher("__name__", "=", "doomed"),)
    rows, deleted = 200, [START]

    def write() -> None:
        kept, layout = engine.layout("a", series("m", 3)), engine.layout("b", series("doomed", 3))
        for step in range(rows):
            at = START + step * STEP
            engine.append_row(kept, at, np.full(3, float(step)))
            engine.append_row(layout, at, np.full(3, float(step)))
            if step % 20 == 19:
                engine.delete(doomed, START, at)
                deleted[0] = at

    def read() -> None:
        gone = deleted[0]
        if gone > START:
            assert engine.select(doomed, START, gone) == [], "it was deleted before"

    all_at_once(write, until_done=(read, lambda: look(engine), engine.keep_house))
    assert engine.select(doomed, *ALWAYS) == []
    assert len(engine.select((Matcher("__name__", "=", "m"),), *ALWAYS)[0].times) == rows
    engine.close()


def test_more_series_than_allowed_are_never_there_together(tmp_path: Path) -> None:
    limits = Limits(series=100, series_per_group=1_000)
    engine = Engine(tmp_path, limits, ManualClock(START / 1000 + 100_000))
    refused = []

    def write(number: int) -> Callable[[], None]:
        def some() -> None:
            for step in range(30):
                layout_of = series("m", 3, job=str(number), step=str(step))
                try:
                    engine.append_row(
                        engine.layout(f"g{number}", layout_of), START + step, np.zeros(3)
                    )
                except TooManySeriesError:
                    refused.append(step)

        return some

    all_at_once(*(write(number) for number in range(4)))
    assert engine.stats().series == 99
    assert len(refused) == 4 * 30 - 33
    engine.close()


def test_what_many_threads_wrote_is_there_in_the_next_life(tmp_path: Path) -> None:
    clock = ManualClock(START / 1000 + 100_000)
    engine = Engine(tmp_path, LIMITS, clock)

    def writer(number: int) -> Callable[[], None]:
        def write() -> None:
            for step in range(100):
                known = series("m", 4, job=str(number), step=str(step // 30))
                layout = engine.layout(f"g{number}", known)
                engine.append_row(layout, START + step * STEP, np.full(4, step / 7))

        return write

    all_at_once(*(writer(number) for number in range(4)), until_done=(engine.keep_house,))
    before = samples(engine.select(EVERYTHING, *ALWAYS))
    again = Engine(tmp_path, LIMITS, clock)  # as after SIGKILL: the first was not closed
    assert samples(again.select(EVERYTHING, *ALWAYS)) == before
    assert sum(map(len, before.values())) == 4 * 100 * 4
    for each in (again, engine):
        each.close()
