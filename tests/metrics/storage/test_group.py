"""A group takes rows and remembers since when its past is another."""

import numpy as np

from opsbook.metrics.model import ABSENT
from opsbook.metrics.storage.group import Group
from opsbook.metrics.store import Receipt


def test_what_became_of_samples_is_told() -> None:
    group = Group("g")
    columns = group.head.columns([1, 2])
    assert group.put(10, columns, np.array([1.0, ABSENT])) == Receipt(1)
    assert group.put(10, columns, np.array([2.0, 3.0])) == Receipt(1, 0, {"duplicate": 1})
    assert group.put(10, columns, np.array([1.0, 3.0])) == Receipt(0, 2)


def test_only_what_changes_the_past_counts_as_a_change() -> None:
    group = Group("g")
    columns = group.head.columns([1])
    for at in (10, 20, 30):
        group.put(at, columns, np.array([1.0]))
    assert group.changes == []
    group.put(15, columns, np.array([1.0]))
    assert group.changes == [15]


def test_changes_are_not_remembered_without_end() -> None:
    group = Group("g")
    epoch = group.epoch
    for at in range(20_000):
        group.changed(at)
    assert len(group.changes) <= 10_000
    assert group.epoch != epoch


def test_no_two_groups_share_an_epoch() -> None:
    assert Group("g").epoch != Group("g").epoch
