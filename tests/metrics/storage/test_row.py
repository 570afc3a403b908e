"""A row of the log gives back every bit of every value."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.storage.row import decode_row, encode_row

ANY_BITS = st.integers(0, 2**64 - 1)
COUNTS = st.integers(-(2**53), 2**53).map(lambda n: int(np.array([n], float).view(np.uint64)[0]))


@given(st.lists(st.lists(ANY_BITS | COUNTS, min_size=3, max_size=3), max_size=8))
def test_rows_come_back_bit_by_bit(rows: list[list[int]]) -> None:
    written, read = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for row in rows:
        values = np.array(row, np.uint64).view(np.float64)
        payload = encode_row(values, written)
        found = decode_row(memoryview(payload), read)
        assert found.view(np.uint64).tolist() == row


def test_counters_that_move_a_little_take_a_byte_each() -> None:
    base = np.zeros(1000, np.int64)
    counters = np.arange(1000).astype(np.float64) * 1e9
    encode_row(counters, base)
    counters += 100
    assert len(encode_row(counters, base)) == 1001


def test_an_empty_row_is_a_row() -> None:
    empty = np.empty(0, np.int64)
    assert len(decode_row(memoryview(encode_row(np.empty(0), empty)), empty)) == 0
