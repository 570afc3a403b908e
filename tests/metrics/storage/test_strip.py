"""What was decoded lately stays in memory, but not more than is allowed."""

import numpy as np

from opsbook.metrics.storage.group import Group
from opsbook.metrics.storage.strip import Strips, head_rows


def filled() -> Group:
    group = Group("g")
    columns = group.head.columns([4, 5, 6])
    for at in range(100):
        group.put(at, columns, np.array([at, -at, 0.5]))
    return group


def test_rows_follow_what_is_appended_and_changed() -> None:
    group, strips = filled(), Strips(1_000_000)
    ids = np.array([6, 4])
    assert strips.read(group, group.view(), ids, 10, 20).values[0].tolist() == [0.5, 10]
    group.put(200, group.head.columns([4]), np.array([7.0]))
    group.head.erase(15, 15, np.array([4]))
    group.changed(15)
    rows = strips.read(group, group.view(), ids, 10, 500)
    assert rows.times[-1] == 200
    assert np.flatnonzero(rows.marked).tolist() == [5, 90]


def test_no_more_is_kept_than_allowed() -> None:
    group, strips = filled(), Strips(4_000)
    for number in (4, 5, 6):
        for start in (0, 50):
            rows = strips.read(group, group.view(), np.array([number]), start, 99)
            assert len(rows.times) == 100 - start
            assert strips.nbytes <= 4_000


def test_rows_of_the_head_are_copied() -> None:
    group = filled()
    rows = head_rows(group.view().head, np.array([5, 99]), 97, 98)
    group.head.erase(0, 100, np.array([5]))
    assert rows.values[:, 0].tolist() == [-97, -98]
    assert rows.marked.tolist() == [True, True]
