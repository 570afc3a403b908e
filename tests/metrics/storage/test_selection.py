"""A selection knows whether it would still find what it found."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.metrics.model import Matcher
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from tests.metrics.storage.model import ALWAYS, EVERYTHING, samples

START = 1_700_000_640_000
STEP = 5_000
LIMITS = Limits(block=60_000, merged=(240_000, 960_000), out_of_order=60_000, retention=600_000)
MATCHERS = (EVERYTHING, (Matcher("n", "=", "0"),), (Matcher("group", "=~", "b.*"),))


@contextmanager
def opened(limits: Limits = LIMITS) -> Iterator[tuple[Engine, ManualClock]]:
    clock = ManualClock(START / 1000)
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home), limits, clock)
        yield engine, clock
        engine.close()


def append(engine: Engine, group: str, series: int, at: int, value: float) -> None:
    labels = [
        labels_of({"__name__": "m", "group": group, "n": str(number)}) for number in range(series)
    ]
    engine.append_row(engine.layout(group, labels), at, np.full(series, value))


def step(number: int) -> int:
    return START + number * STEP


def test_what_comes_later_leaves_the_past_as_it_was() -> None:
    with opened() as (engine, _):
        append(engine, "a", 2, step(1), 1.0)
        seen = engine.watch(EVERYTHING, *ALWAYS)
        past = engine.watch(EVERYTHING, 0, step(1))
        append(engine, "a", 2, step(2), 1.0)
        assert seen is not None and past is not None
        assert not seen()
        assert past()


def test_a_late_sample_a_deletion_and_a_new_series_are_seen() -> None:
    with opened() as (engine, _):
        changes: list[Callable[[], None]] = [
            lambda: append(engine, "a", 2, step(1), 7.0),
            lambda: engine.delete(EVERYTHING, step(0), step(1)),
            lambda: append(engine, "b", 1, step(1), 7.0),
        ]
        for change in changes:
            for number in (0, 2, 4):
                append(engine, "a", 2, step(number), 1.0)
            past = engine.watch(EVERYTHING, 0, step(2))
            assert past is not None and past()
            change()
            assert not past()


def test_who_cannot_wait_is_told_nothing_while_others_write() -> None:
    with opened() as (engine, _):
        append(engine, "a", 2, step(1), 1.0)
        seen = engine.watch(EVERYTHING, 0, step(1))
        assert seen is not None
        told = []
        with engine._holdings.lock:
            asking = threading.Thread(target=lambda: told.append(seen(wait=False)))
            asking.start()
            asking.join()
        assert (told, seen(wait=False)) == ([None], True)


def test_without_memory_nothing_is_watched() -> None:
    with opened(Limits(cache_bytes=0)) as (engine, _):
        assert engine.watch(EVERYTHING, *ALWAYS) is None


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("append"),
                st.sampled_from(["a", "b", "bb"]),
                st.integers(1, 3),
                st.integers(-8, 3),
            ),
            st.tuples(st.just("delete"), st.sampled_from(MATCHERS), st.integers(0, 30)),
            st.tuples(st.just("keep house")),
            st.tuples(st.just("watch"), st.sampled_from(MATCHERS), st.integers(0, 30)),
        ),
        max_size=40,
    )
)
def test_what_says_that_it_is_unchanged_is(actions: list[tuple[object, ...]]) -> None:
    with opened() as (engine, clock):
        seen = []
        now = 20
        clock.advance(step(now) / 1000 - clock.now())
        for group in "ab":
            for number in range(0, now, 2):
                append(engine, group, 2, step(number), -1.0)
        for matchers in MATCHERS:
            span = matchers, step(5), step(15)
            seen.append((span, engine.watch(*span), samples(engine.select(*span))))
        for number, action in enumerate(actions):
            match action:
                case ["append", str(group), int(series), int(ahead)]:
                    now += max(ahead, 0)
                    clock.advance(step(now) / 1000 - clock.now())
                    append(engine, group, series, step(now + min(ahead, 0)), float(number))
                case ["delete", tuple(matchers), int(first)]:
                    engine.delete(matchers, step(first), step(first + 5))
                case ["keep house"]:
                    clock.advance(600.0)
                    now += 120
                    engine.keep_house()
                case ["watch", tuple(matchers), int(first)]:
                    span = matchers, step(first), step(first + 30)
                    seen.append((span, engine.watch(*span), samples(engine.select(*span))))
            for span, unchanged, found in seen:
                assert unchanged is not None
                if unchanged():
                    assert samples(engine.select(*span)) == found
