"""The newest samples of a group in memory."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.model import ABSENT, Values, is_absent
from opsbook.metrics.storage.head import Head


def row(*values: float) -> Values:
    return np.array(values, np.float64)


def everything(head: Head) -> Values:
    return head.snapshot().read(0, head.count)


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
    assert is_absent(everything(head)[2]).tolist() == [True, False]


def test_a_row_is_completed_and_contradictions_are_counted() -> None:
    head = filled()
    columns = head.columns([7, 8, 9, 10])
    assert head.merge(20, columns, row(20.0, 5.0, 1.0, ABSENT)) == (1, 1, 1)
    assert everything(head)[2, :3].tolist() == [20.0, -20.0, 1.0]


def test_rows_are_dropped_with_the_series_that_ended() -> None:
    head = filled()
    for at in (400, 410):
        head.append(at, head.columns([8, 9]), row(1.0, 2.0))
    head.drop(40)
    assert head.snapshot().ids.tolist() == [8, 9]
    assert everything(head).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    head.append(420, head.columns([7]), row(3.0))
    assert head.snapshot().ids.tolist() == [8, 9, 7]


def test_what_is_erased_is_absent_and_snapshots_keep_it() -> None:
    head = filled()
    before = head.snapshot()
    head.erase(10, 20, np.array([8, 99]))
    assert is_absent(everything(head)).sum() == 2
    assert not is_absent(before.read(0, 40)).any()


@given(st.integers(0, 2**32))
def test_whatever_comes_in_whatever_order_a_head_is_a_table(seed: int) -> None:
    random = np.random.default_rng(seed)
    head, table, times = Head(), dict[tuple[int, int], float](), set[int]()
    for _ in range(120):
        known = sorted(times)
        ids = random.choice(40, random.integers(1, 8), replace=False).tolist()
        late = bool(known) and random.random() < 0.4
        at = int(random.integers(0, 1000)) if late else (known[-1] if known else 0) + 10
        values = random.random(len(ids))
        if known and at <= known[-1]:
            free = [(at, number) not in table for number in ids]
            assert head.merge(at, head.columns(ids), values)[0] == sum(free)
        else:
            head.append(at, head.columns(ids), values)
        times.add(at)
        for number, value in zip(ids, values.tolist(), strict=True):
            table.setdefault((at, number), value)
        if random.random() < 0.03:
            rows = int(random.integers(0, head.count))
            gone = set(head.snapshot().times[:rows].tolist())
            head.drop(rows)
            times -= gone
            table = {cell: value for cell, value in table.items() if cell[0] not in gone}
        if random.random() < 0.03:
            head.erase(at - 50, at, np.array(ids))
            for cell in [c for c in table if at - 50 <= c[0] <= at and c[1] in ids]:
                del table[cell]
    assert cells(head) == table
    assert head.snapshot().times.tolist() == sorted(times)


def cells(head: Head) -> dict[tuple[int, int], float]:
    snapshot = head.snapshot()
    values = snapshot.read(0, head.count)
    rows, columns = np.nonzero(~is_absent(values))
    return {
        (int(snapshot.times[row]), int(snapshot.ids[column])): float(values[row, column])
        for row, column in zip(rows, columns, strict=True)
    }


def test_columns_are_read_in_any_order_from_tiles_of_any_width() -> None:
    head = Head()
    for at in range(300):
        ids = list(range(1 + at // 100))
        head.append(at, head.columns(ids), np.arange(float(at), at + len(ids)))
    found = head.snapshot().read(50, 250, np.array([2, 0]))
    assert found[:, 1].tolist() == [float(at) for at in range(50, 250)]
    assert is_absent(np.ascontiguousarray(found[:, 0])).tolist() == [
        at < 200 for at in range(50, 250)
    ]


def test_to_append_copies_nothing_that_is_there() -> None:
    head = Head()
    columns = head.columns(list(range(1_000)))
    for at in range(100):
        head.append(at, columns, np.zeros(1_000))
    before = head.snapshot().tiles
    for at in range(100, 200):
        head.append(at, columns, np.zeros(1_000))
    after = head.snapshot().tiles
    assert all(np.shares_memory(old, new) for old, new in zip(before, after, strict=False))
