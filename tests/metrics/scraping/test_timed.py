"""Samples with times of their own."""

import numpy as np
import pytest

from opsbook.core.labels import Labels
from opsbook.metrics.scraping.timed import Timed
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.scraping.exposer import samples
from tests.metrics.scraping.now import now

A: Labels = (("__name__", "a"),)
B: Labels = (("__name__", "b"),)
C: Labels = (("__name__", "c"),)


def put(timed: Timed, labels: tuple[Labels, ...], values: list[float], times: list[int]) -> None:
    timed.append(labels, np.array(values), np.array(times, np.int64))


def test_each_sample_has_its_time(store: Embedded) -> None:
    at = now()
    put(Timed(store, "group"), (A, B), [1, 2], [at, at + 5])
    assert samples(store) == {"a": [(at, 1.0)], "b": [(at + 5, 2.0)]}


def test_a_sample_that_is_not_later_is_no_sample(store: Embedded) -> None:
    timed, at, labels = Timed(store, "group"), now(), (A, B)
    put(timed, labels, [1, 2], [at, at])
    put(timed, labels, [3, 4], [at, at + 5])
    assert samples(store) == {"a": [(at, 1.0)], "b": [(at, 2.0), (at + 5, 4.0)]}


def test_series_that_share_their_times_share_a_group(store: Embedded) -> None:
    timed, at, labels = Timed(store, "group"), now(), (A, B, C)
    for late in range(3):
        put(timed, labels, [1, 2, 3], [at + late, at + late, at + 100 + late])
    widths = sorted(group.head.width for group in store.engine._holdings.groups.values())
    assert widths == [1, 2]


def test_the_groups_are_the_same_after_a_restart(store: Embedded) -> None:
    at = now()
    put(Timed(store, "group"), (A, B), [1, 2], [at, at])
    put(Timed(store, "group"), (A, B), [3, 4], [at + 1, at + 1])
    assert len(store.engine._holdings.groups) == 1


def test_what_is_not_exposed_any_more_is_forgotten(store: Embedded) -> None:
    timed, at = Timed(store, "group"), now()
    put(timed, (A, B), [1, 2], [at, at + 1])
    put(timed, (A,), [1], [at + 5])
    assert list(timed._seat) == [A]


def test_many_different_times_make_no_more_than_so_many_groups(
    store: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.metrics.scraping.timed._MOST_PARTS", 3)
    at = now()
    labels = tuple((("__name__", f"n{one}"),) for one in range(10))
    put(Timed(store, "group"), labels, [1.0] * 10, [at + one for one in range(10)])
    assert len(store.engine._holdings.groups) == 3
    assert samples(store)["n9"] == [(at + 9, 1.0)]


def test_ended_series_are_marked_except_what_others_give(store: Embedded) -> None:
    timed, at = Timed(store, "group"), now()
    put(timed, (A, B), [1, 2], [at, at])
    timed.end(at + 5, (B,))
    timed.end(at + 9)
    assert samples(store) == {"a": [(at, 1.0), (at + 5, "stale")], "b": [(at, 2.0)]}
