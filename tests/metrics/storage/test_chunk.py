"""Columns come back bit by bit, all or some of them, and damage is seen."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.metrics.storage.chunk import (
    ChunkReader,
    Columns,
    DamagedError,
    encode_chunk,
    order_of,
    pack,
    seal,
    unpack,
    unseal,
)

ROWS = 7
MATRIX = st.lists(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=ROWS, max_size=ROWS), min_size=1, max_size=6
)


def decoded(columns: Columns, chains: list[int], wanted: list[int]) -> Columns:
    order = order_of(columns, chains)
    info, content = encode_chunk(columns, chains, order)
    reader = ChunkReader(info, order, columns.shape[1], partial(_piece, content))
    out = np.zeros_like(columns[wanted])
    reader.decode(wanted, out)
    return out


@settings(deadline=None)
@given(MATRIX, st.data())
def test_any_columns_come_back(rows: list[list[int]], data: st.DataObject) -> None:
    integers = np.array(rows, np.int64)
    every = range(len(rows))
    wanted = sorted(data.draw(st.sets(st.sampled_from(every), min_size=1)))
    for columns in (integers, integers.view(np.float64)):
        found = decoded(columns, [len(rows)], wanted)
        assert found.view(np.int64).tolist() == integers[wanted].tolist()


def test_buckets_are_kept_as_differences() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(3, (10, 10, 480)).cumsum(axis=1).cumsum(axis=2).reshape(100, 480)
    linked, content = encode_chunk(counts, [10] * 10, order_of(counts, [10] * 10))
    _, plain = encode_chunk(counts, [1] * 100, order_of(counts, [1] * 100))
    assert linked.chains == (10,) * 10
    assert len(content) < 0.8 * len(plain)
    for wanted in ([0, 99], [5], [9, 10, 11], list(range(100))):
        assert (decoded(counts, [10] * 10, wanted) == counts[wanted]).all()


def test_columns_that_move_alike_share_a_model() -> None:
    rng = np.random.default_rng(1)
    means = np.where(np.arange(32) % 2, 3, 3_000)[:, None]
    counts = rng.poisson(means, (32, 480)).cumsum(axis=1)
    order = order_of(counts, [1] * 32)
    assert {column % 2 for column in order[:16]} == {1}
    info, content = encode_chunk(counts, [1] * 32, order)
    _, mixed = encode_chunk(counts, [1] * 32, list(range(32)))
    assert info.batches == (16, 16)
    assert len(content) < len(mixed)


def test_a_flipped_bit_in_any_byte_is_seen() -> None:
    columns = np.arange(200, dtype=np.int64).reshape(2, 100) ** 2
    info, content = encode_chunk(columns, [1, 1], [1, 0])
    out = np.empty_like(columns)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 4
        broken = bytes(flipped)
        reader = ChunkReader(info, [1, 0], 100, partial(_piece, broken))
        with pytest.raises(DamagedError):
            reader.decode([0, 1], out)


def _piece(content: bytes, offset: int, length: int) -> bytes:
    return content[offset : offset + length]


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", seal(b"x")[:-1]])
def test_nothing_is_not_sealed(content: bytes) -> None:
    with pytest.raises(DamagedError):
        unseal(content)


def test_times_come_back() -> None:
    times = np.arange(5760) * 15_000 + 1_700_000_000_000
    assert (unpack(pack(times)) == times).all()
    assert len(pack(times)) < 200
