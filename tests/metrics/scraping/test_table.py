"""Rows of one group keep their layout."""

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.scraping.table import Table
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.scraping.exposer import samples
from tests.metrics.scraping.now import now

OWN: tuple[Labels, ...] = ((("__name__", "up"),),)


def series(*names: str) -> tuple[Labels, ...]:
    return tuple((("__name__", name),) for name in names)


class Filled:
    """A table that is given rows of ones."""

    def __init__(self, store: Embedded) -> None:
        self.layouts: list[int] = []
        self.at = now()
        self.table = Table(store, "group", OWN)

    def put(self, labels: tuple[Labels, ...]) -> int:
        self.at += 10
        self.table.append(self.at, np.ones(1), labels, np.ones(len(labels)))
        order = self.table._order
        assert order is not None
        return order.layout.number


def test_a_series_that_vanished_is_marked_once(store: Embedded) -> None:
    filled = Filled(store)
    for labels in (series("a", "b"), series("a"), series("a")):
        filled.put(labels)
    start = filled.at - 20
    assert samples(store, "b")["b"] == [(start, 1.0), (start + 10, "stale")]


def test_what_comes_and_goes_keeps_its_layout(store: Embedded) -> None:
    filled = Filled(store)
    layouts = {filled.put(labels) for labels in (series("a", "b"), series("b"), series("b", "a"))}
    assert len(layouts) == 1


def test_columns_without_samples_leave_the_layout_when_they_are_many(store: Embedded) -> None:
    filled = Filled(store)
    filled.put(series(*(f"many_{one}" for one in range(500))))
    filled.put(series("a"))
    filled.put(series("b"))
    order = filled.table._order
    assert order is not None
    assert list(order.column) == [*OWN, *series("b", "a")]
    assert samples(store, "many_7")["many_7"][-1] == (filled.at - 10, "stale")
    assert samples(store, "a")["a"][-1] == (filled.at, "stale")


def test_all_ends_with_the_target_except_what_others_give(store: Embedded) -> None:
    filled = Filled(store)
    filled.put(series("a", "b"))
    filled.table.end(filled.at + 5, set(series("b")))
    filled.table.end(filled.at + 9)
    last = {name: rows[-1] for name, rows in samples(store).items()}
    assert last == {
        "up": (filled.at + 5, "stale"),
        "a": (filled.at + 5, "stale"),
        "b": (filled.at, 1.0),
    }


def test_a_series_with_the_name_of_a_report_does_not_replace_it(store: Embedded) -> None:
    table = Table(store, "group", OWN)
    at = now()
    table.append(at, np.zeros(1), OWN, np.ones(1))
    assert samples(store, "up")["up"] == [(at, 0.0)]
