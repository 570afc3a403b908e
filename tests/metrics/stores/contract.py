"""What every store must keep, against the real thing. A kind's test inherits this."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from opsbook.core.clock import ManualClock
from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import ABSENT, STALE, Matcher
from opsbook.metrics.store import Layout, Store, store_kinds
from tests.metrics.storage.model import ALWAYS, bits, samples

NOW = 1_700_000_000_000
UP = labels_of({"__name__": "up", "job": "api"})
LOAD = labels_of({"__name__": "load", "job": "api", "cpu": "0"})
OTHER = labels_of({"__name__": "up", "job": "db"})


def named(name: str) -> tuple[Matcher, ...]:
    return (Matcher("__name__", "=", name),)


ALL = (Matcher("__name__", "=~", ".+"),)


class StoreContract:
    """Give `kind`, and the fixture `settings` if the defaults do not do.

    A kind that leaves samples to another server may not be able to keep every law: `not_kept`
    names those, or one case `[…]` of them, each with the reason; and it may need times near the
    machine's own `now`.
    """

    kind: ClassVar[str]
    not_kept: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _kept(self, request: pytest.FixtureRequest) -> None:
        for law in {request.node.name, request.node.originalname} & self.not_kept.keys():
            pytest.skip(self.not_kept[law])

    @pytest.fixture
    def now(self) -> int:
        """Of the clock, in ms; samples of tests are taken around it."""
        return NOW

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        return {}

    @pytest.fixture
    def clock(self, now: int) -> ManualClock:
        return ManualClock(now / 1000)

    @pytest.fixture
    def store(
        self, settings: Mapping[str, Any], clock: ManualClock, tmp_path: Path
    ) -> Iterator[Store]:
        store = self.opened(settings, clock, tmp_path)
        yield store
        store.close()

    def opened(self, settings: Mapping[str, Any], clock: ManualClock, home: Path) -> Store:
        store = store_kinds.load(self.kind).model_validate(settings)
        store.bind(home / "metrics", clock)
        store.start()
        return store

    def held(self, store: Store, *matchers: Matcher) -> dict[Labels, dict[int, int]]:
        return samples(store.select(matchers or ALL, *ALWAYS))

    def test_an_empty_store_finds_nothing(self, store: Store) -> None:
        assert store.select(ALL, *ALWAYS) == []

    def test_what_was_appended_is_found(self, store: Store, now: int) -> None:
        receipt = store.append("api", now, {UP: 1.0, LOAD: 0.5})
        assert receipt.taken == 2
        assert self.held(store) == {UP: {now: bits(1.0)}, LOAD: {now: bits(0.5)}}

    def test_series_of_one_group_stand_in_one_frame(self, store: Store, now: int) -> None:
        layout = store.layout("api", [UP, LOAD])
        for step in range(3):
            store.append_row(layout, now + step * 1000, np.array([1.0, float(step)]))
        (frame,) = store.select(ALL, *ALWAYS)
        assert set(frame.labels) == {UP, LOAD}
        assert frame.times.tolist() == [now, now + 1000, now + 2000]
        assert frame.whole

    @pytest.mark.parametrize(
        ("matcher", "found"),
        [
            (Matcher("job", "=", "api"), {UP, LOAD}),
            (Matcher("job", "!=", "api"), {OTHER}),
            (Matcher("job", "=~", "a.i|x"), {UP, LOAD}),
            (Matcher("job", "=~", "a"), set()),
            (Matcher("job", "!~", "a.*"), {OTHER}),
            (Matcher("cpu", "=", ""), {UP, OTHER}),
            (Matcher("cpu", "!=", ""), {LOAD}),
            (Matcher("cpu", "=~", "0|"), {UP, LOAD, OTHER}),
            (Matcher("nothing", "=", "x"), set()),
        ],
    )
    def test_matchers_choose_series(
        self, store: Store, now: int, matcher: Matcher, found: set[Labels]
    ) -> None:
        store.append("api", now, {UP: 1.0, LOAD: 0.5})
        store.append("db", now, {OTHER: 1.0})
        matchers = (Matcher("__name__", "=~", "up|load"), matcher)
        assert set(self.held(store, *matchers)) == found

    def test_the_range_includes_both_ends(self, store: Store, now: int) -> None:
        for step in range(5):
            store.append("api", now + step, {UP: float(step)})
        found = samples(store.select(ALL, now + 1, now + 3))
        assert sorted(found[UP]) == [now + 1, now + 2, now + 3]

    @pytest.mark.parametrize("value", [0.0, 1.5, np.inf, -np.inf, 2.0**60, 5e-324])
    def test_values_are_kept_exactly(self, store: Store, now: int, value: float) -> None:
        store.append("api", now, {UP: value})
        assert self.held(store) == {UP: {now: bits(value)}}

    def test_a_staleness_marker_is_kept_and_told(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0})
        store.append("api", now + 1000, {UP: float(STALE)})
        (frame,) = store.select(ALL, *ALWAYS)
        assert not frame.whole
        assert self.held(store)[UP][now + 1000] == bits(float(STALE))

    def test_absent_is_no_sample(self, store: Store, now: int) -> None:
        layout = store.layout("api", [UP, LOAD])
        assert store.append_row(layout, now, np.array([1.0, ABSENT])).taken == 1
        assert self.held(store) == {UP: {now: bits(1.0)}}

    def test_the_same_sample_twice_is_one(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0})
        store.append("api", now, {UP: 1.0})
        assert self.held(store) == {UP: {now: bits(1.0)}}

    def test_a_contradiction_is_refused_and_counted(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0})
        assert store.append("api", now, {UP: 2.0}).refused == {"duplicate": 1}
        assert self.held(store) == {UP: {now: bits(1.0)}}
        assert store.stats().refused == {"duplicate": 1}

    def test_a_late_sample_is_put_in_its_place(self, store: Store, now: int) -> None:
        for at in (now, now - 2000, now - 1000):
            store.append("api", at, {UP: float(at)})
        (frame,) = store.select(ALL, *ALWAYS)
        assert frame.times.tolist() == [now - 2000, now - 1000, now]

    def test_a_sample_older_than_the_window_is_refused_and_counted(
        self, store: Store, now: int
    ) -> None:
        store.append("api", now, {UP: 1.0})
        assert store.append("api", now - 3_600_000, {UP: 1.0}).refused == {"too old": 1}
        assert store.stats().refused == {"too old": 1}

    def test_names_and_values_of_labels_are_listed(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0, LOAD: 0.5})
        store.append("db", now, {OTHER: 1.0})
        assert store.matching(named("up"), *ALWAYS) == [UP, OTHER]
        assert store.label_names(ALL, *ALWAYS) == ["__name__", "cpu", "job"]
        assert store.label_values("job", named("up"), *ALWAYS) == ["api", "db"]

    def test_a_time_without_samples_has_no_labels(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0, LOAD: 0.5})
        assert store.label_values("job", ALL, now + 1, now + 2) == []

    def test_what_was_deleted_is_gone(self, store: Store, now: int) -> None:
        for step in range(4):
            store.append("api", now + step, {UP: 1.0, LOAD: 2.0})
        store.delete(named("up"), now + 1, now + 2)
        held = self.held(store)
        assert sorted(held[UP]) == [now, now + 3]
        assert len(held[LOAD]) == 4

    def test_a_later_life_has_everything(
        self, settings: Mapping[str, Any], clock: ManualClock, tmp_path: Path, now: int
    ) -> None:
        store = self.opened(settings, clock, tmp_path)
        store.append("api", now, {UP: 1.0})
        store.close()
        again = self.opened(settings, clock, tmp_path)
        try:
            assert self.held(again) == {UP: {now: bits(1.0)}}
        finally:
            again.close()

    def test_stats_count(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0, LOAD: 0.5})
        store.append("api", now + 1000, {UP: 1.0})
        stats = store.stats()
        assert (stats.series, stats.samples) == (2, 3)
        assert (stats.oldest, stats.newest) == (now, now + 1000)

    def test_a_row_of_another_length_is_an_error(self, store: Store, now: int) -> None:
        layout = store.layout("api", [UP, LOAD])
        assert isinstance(layout, Layout)
        with pytest.raises(ValueError, match="2 values are needed"):
            store.append_row(layout, now, np.array([1.0]))

    def test_a_damaged_pattern_is_named(self, store: Store, now: int) -> None:
        store.append("api", now, {UP: 1.0})
        with pytest.raises(Exception, match=r"\("):
            store.select((Matcher("job", "=~", "("),), *ALWAYS)

    def test_laws_that_are_not_kept_are_laws(self) -> None:
        names = {law.partition("[")[0] for law in self.not_kept}
        assert [name for name in names if not hasattr(StoreContract, name)] == []

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            store_kinds.load(self.kind).model_validate({"no-such-key": 1})

    def test_its_docstring_is_its_reference(self) -> None:
        assert store_kinds.load(self.kind).__doc__
