"""CRC-64 as Redis computes it over its snapshots: the polynomial of Jones, reflected, from 0.

https://github.com/redis/redis/blob/unstable/src/crc64.c. A remainder that begins with 0 is
linear: that of A and B together is that of A, moved on by the length of B, xor that of B. So
a block is cut into lanes that numpy works on at once, and their remainders are joined.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x95AC9329AC4BC9B5
"""0xAD93D23594C935A9 with its bits in reverse."""
_LANE = 512
"""Bytes of a lane."""
_LANES = 2048
_SLAB = _LANE * _LANES

Words = NDArray[np.uint64]


class Crc64:
    """Fed block by block; `value` is of all that was fed."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, block: bytes | memoryview) -> None:
        data = np.frombuffer(block, dtype=np.uint8)
        whole = len(data) // _SLAB * _SLAB
        for start in range(0, whole, _SLAB):
            self.value = int(_moved(self.value, _SLAB)) ^ _slab(data[start : start + _SLAB])
        # Zeros before the first byte change nothing, so that a lane may be filled up with them.
        rest = data[whole:]
        if len(rest):
            filled = np.zeros(_SLAB, dtype=np.uint8)
            filled[_SLAB - len(rest) :] = rest
            self.value = int(_moved(self.value, len(rest))) ^ _slab(filled)


def _slab(data: NDArray[np.uint8]) -> int:
    """Two bytes of every lane at a time."""
    pairs = np.ascontiguousarray(data.view("<u2").reshape(_LANES, _LANE // 2).T)
    table = _pairs_table()
    remainder = np.zeros(_LANES, dtype=np.uint64)
    for column in pairs:
        index = remainder.astype(np.uint16)
        index ^= column
        remainder >>= np.uint64(16)
        remainder ^= table.take(index)
    length = _LANE
    while len(remainder) > 1:
        remainder = _shift(remainder[0::2], length) ^ remainder[1::2]
        length *= 2
    return int(remainder[0])


def _moved(value: int, length: int) -> int:
    """A remainder after so many zero bytes more."""
    words = np.array([value], dtype=np.uint64)
    power = 1
    while length:
        if length & 1:
            words = _shift(words, power)
        length >>= 1
        power *= 2
    return int(words[0])


def _shift(words: Words, length: int) -> Words:
    """Remainders after `length` zero bytes, a power of two: table by table of their bytes."""
    tables = _shift_tables(length)
    result = np.zeros(len(words), dtype=np.uint64)
    for position in range(8):
        index = (words >> np.uint64(8 * position)) & np.uint64(0xFF)
        result ^= tables[position][index]
    return result


@cache
def _shift_tables(length: int) -> Words:
    """For each byte of a remainder, what it becomes after `length` zero bytes."""
    values = np.arange(256, dtype=np.uint64)
    each = np.stack([values << np.uint64(8 * position) for position in range(8)])
    if length == 1:
        table = _bytes_table()
        return np.asarray(table[each & np.uint64(0xFF)] ^ (each >> np.uint64(8)))
    half = length // 2
    flat = _shift(_shift(each.reshape(-1), half), half)
    return flat.reshape(8, 256)


@cache
def _bytes_table() -> Words:
    values = np.arange(256, dtype=np.uint64)
    for _ in range(8):
        odd = (values & np.uint64(1)).astype(bool)
        values = np.where(odd, np.uint64(_POLYNOMIAL), np.uint64(0)) ^ (values >> np.uint64(1))
    return values


@cache
def _pairs_table() -> Words:
    table = _bytes_table()
    values = np.arange(65_536, dtype=np.uint64)
    once = table[values & np.uint64(0xFF)] ^ (values >> np.uint64(8))
    return np.asarray(table[once & np.uint64(0xFF)] ^ (once >> np.uint64(8)))
