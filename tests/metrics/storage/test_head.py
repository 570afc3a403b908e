"""The newest samples of a group in memory."""

import numpy as np

from opsbook.metrics.model import ABSENT, Values, is_absent
from opsbook.metrics.storage.head import Head


def row(*values: float) -> Values:
    return np.array(values, np.float64)


def filled() -> Head:
    head = Head()
    for at in range(0, 400, 10):
        head.append(at, head.columns([7, 8]), row(at, -at))
    return head


def test_a_late_row_is_inserted_and_what_was_read_before_stays() -> None:
    head = filled()
    before = head.snapshot()
    assert head.merge(15, head.columns([8]), row(1.0)) == (1, 0, 0)
    assert head.snapshot().times[:4].tolist() == [0, 10, 15, 20]
    assert before.times[:4].tolist() == [0, 10, 20, 30]
    assert is_absent(head.snapshot().values[2]).tolist() == [True, False]


def test_a_row_is_completed_and_contradictions_are_counted() -> None:
    head = filled()
    columns = head.columns([7, 8, 9, 10])
    assert head.merge(20, columns, row(20.0, 5.0, 1.0, ABSENT)) == (1, 1, 1)
    assert head.snapshot().values[2, :3].tolist() == [20.0, -20.0, 1.0]


def test_rows_are_dropped_with_the_series_that_ended() -> None:
    head = filled()
    for at in (400, 410):
        head.append(at, head.columns([8, 9]), row(1.0, 2.0))
    head.drop(40)
    assert head.snapshot().ids.tolist() == [8, 9]
    assert head.snapshot().values.tolist() == [[1.0, 2.0], [1.0, 2.0]]
    head.append(420, head.columns([7]), row(3.0))
    assert head.snapshot().ids.tolist() == [8, 9, 7]


def test_what_is_erased_is_absent_and_snapshots_keep_it() -> None:
    head = filled()
    before = head.snapshot()
    head.erase(10, 20, np.array([8, 99]))
    assert is_absent(head.snapshot().values).sum() == 2
    assert not is_absent(before.values).any()
