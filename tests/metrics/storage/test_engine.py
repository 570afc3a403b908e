"""Whatever happens to the store, it holds what it took, as a plain dictionary would."""

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.core.clock import ManualClock
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import ABSENT, STALE, Matcher, Values
from opsbook.metrics.storage import block
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from tests.metrics.storage.model import ALWAYS, EVERYTHING, Model, samples

START = 1_700_000_000_000
LIMITS = Limits(block=60_000, merged=(240_000, 960_000), out_of_order=20_000, cache_bytes=20_000)
PAYLOAD = np.array([0x7FF80000DEADBEEF], np.uint64).view(np.float64)[0]
VALUES = [0.0, -0.0, 1.0, 2.0, 2.5, 1e300, 5e-324, np.inf, -np.inf, np.nan, PAYLOAD, STALE, ABSENT]


@pytest.fixture(autouse=True, scope="module")
def spans_are_short() -> Iterator[None]:
    """So that a block of some rows is cut as that of a day is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "_SPAN_ROWS", 7)
        yield


def series(group: int) -> list[Labels]:
    plain = [
        labels_of({"__name__": f"m{number % 2}", "group": str(group), "n": str(number)})
        for number in range(4)
    ]
    buckets = [
        labels_of({"__name__": "b_bucket", "group": str(group), "le": bound})
        for bound in ("0.1", "1", "+Inf")
    ]
    shared = [labels_of({"__name__": "shared"})] if group else []
    return plain + buckets + shared


class Life:
    """A store and its model, and random things that happen to both."""

    def __init__(self, home: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.home = home
        self.clock = ManualClock(START / 1000)
        self.model = Model()
        self.newest = [START] * 3
        self.taken_at: dict[int, set[int]] = {group: set() for group in range(3)}
        self.engine = self.opened()

    def opened(self) -> Engine:
        return Engine(self.home, LIMITS, self.clock)

    def append(self) -> None:
        group = self.random.randrange(2)
        step = self.random.choice([5_000, 5_000, 5_000, 15_000, 200_000, 0, -5_000, -13_000])
        at = self.newest[group] + step
        known = series(group)
        labels = self.random.sample(known, self.random.randint(1, len(known)))
        values = self.values(len(labels))
        self.clock._now = max(self.clock.now(), at / 1000)
        layout = self.engine.layout(f"g{group}", labels)
        receipt = self.engine.append_row(layout, at, values)
        assert "too old" not in receipt.refused, "it lies inside the window"
        told = receipt.taken, receipt.repeated, receipt.refused.get("duplicate", 0)
        assert told == self.model.put(at, labels, values)
        self.newest[group] = max(self.newest[group], at)

    def values(self, count: int) -> Values:
        if self.random.random() < 0.7:
            base = self.random.randrange(1_000_000)
            return np.array([float(base + self.random.randrange(9)) for _ in range(count)])
        return np.array([self.random.choice(VALUES) for _ in range(count)])

    def keep_house(self) -> None:
        self.engine.keep_house()

    def put_all_away(self) -> None:
        self.engine.compaction.cut(idle_since=2**60)
        self.newest = [max(self.newest)] * 3
        for group in range(2):
            self.newest[group] += 30_000

    def reopen(self) -> None:
        if self.random.random() < 0.5:
            self.engine.close()
        self.engine = self.opened()
        assert self.engine.stats().problems == ()

    def delete(self) -> None:
        matchers, start, end = self.matchers(), *self.range()
        self.engine.delete(matchers, start, end)
        self.model.delete(matchers, start, end)

    def select(self) -> None:
        matchers, start, end = self.matchers(), *self.range()
        found = samples(self.engine.select(matchers, start, end))
        assert found == self.model.select(matchers, start, end)

    def matchers(self) -> tuple[Matcher, ...]:
        return self.random.choice(
            [
                EVERYTHING,
                (Matcher("__name__", "=", "m1"),),
                (Matcher("__name__", "=~", "m.|shared"), Matcher("group", "!=", "1")),
                (Matcher("le", "!~", "0.*"), Matcher("__name__", "!=", "m0")),
                (Matcher("__name__", "=", "b_bucket"), Matcher("le", "=~", ".*1|")),
            ]
        )

    def range(self) -> tuple[int, int]:
        last = max(self.newest)
        start = self.random.randint(START, last)
        return self.random.choice([(start, last), (START, start), (start, start + 30_000)])

    def happen(self) -> None:
        things = [self.append] * 12 + [self.select] * 4
        things += [self.keep_house] * 2 + [self.delete, self.reopen]
        if self.random.random() < 0.2:
            things.append(self.put_all_away)
        self.random.choice(things)()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_a_store_holds_what_it_took(seed: int) -> None:
    with TemporaryDirectory() as directory:
        life = Life(Path(directory) / "metrics", seed)
        for _ in range(120):
            life.happen()
        found = samples(life.engine.select(EVERYTHING, *ALWAYS))
        assert found == {labels: held for labels, held in life.model.held.items() if held}
        life.engine.close()
