"""Samples of many series at once: bytes of remote write → vectors of times and values.

A sample of a time between 1971 and 2109 takes 18 bytes, or 9 where its value is zero and
therefore left out; series of such samples are read as matrices of bytes.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import Times, Values
from opsbook.metrics.remote.snappy import TooLargeError
from opsbook.metrics.remote.wire import (
    BYTES,
    FIXED64,
    VARINT,
    WireError,
    encoded_bytes,
    fields,
    signed,
    varint,
)

_SAMPLE = 2
"""The number of the field in a series."""
MOST_SAMPLES = 1_000_000
"""In one request."""
_LONGEST_SAMPLE = 1_024
_DOUBLE = struct.Struct("<d")

_Bytes = NDArray[np.uint8]
_Counts = NDArray[np.int64]


def _shape(head: bytes, free: int) -> tuple[_Bytes, _Bytes]:
    """A sample's bytes that are always the same: which bits, and how they stand."""
    stamp = b"\x80\x80\x80\x80\x80\x00"
    mask = b"\xff" * len(head) + b"\0" * free + b"\xff" + b"\x80" * len(stamp)
    right = head + b"\0" * free + b"\x10" + stamp
    return np.frombuffer(mask, np.uint8), np.frombuffer(right, np.uint8)


_VALUED = _shape(b"\x12\x10\x09", 8)
_ZERO = _shape(b"\x12\x07", 0)


@dataclass(frozen=True, slots=True)
class Samples:
    """One series after the other; `counts` says how many samples each has."""

    counts: _Counts
    times: Times
    values: Values
    others: Mapping[int, bytes] = field(default_factory=dict)
    """Series -> its fields that are no samples, where there are any."""


def read_samples(regions: Sequence[bytes], at: Sequence[int]) -> Samples:
    """Of each series what follows its labels, and where in the request that lay.

    Raises WireError, and TooLargeError.
    """
    sizes = np.fromiter(map(len, regions), np.int64, len(regions))
    for mask, right in (_VALUED, _ZERO):
        if not (sizes % len(right)).any():
            found = _read_alike(b"".join(regions), sizes // len(right), mask, right)
            if found is not None:
                return found
    return _read_mixed(regions, at)


def _read_mixed(regions: Sequence[bytes], at: Sequence[int]) -> Samples:
    """Series by series, those of one shape together."""
    shapes = [_shape_of(region) for region in regions]
    counts = np.zeros(len(regions), np.int64)
    found: list[tuple[list[int], Samples]] = []
    for shape in (_VALUED, _ZERO):
        mine = [place for place, each in enumerate(shapes) if each is shape]
        sizes = np.fromiter((len(regions[place]) for place in mine), np.int64, len(mine))
        joined = b"".join([regions[place] for place in mine])
        alike = _read_alike(joined, sizes // len(shape[1]), *shape)
        if alike is None:
            for place in mine:
                shapes[place] = None
        else:
            found.append((mine, alike))
            counts[mine] = alike.counts
    slow = [place for place, each in enumerate(shapes) if each is None]
    one_by_one = _read_slowly([regions[each] for each in slow], [at[each] for each in slow])
    found.append((slow, one_by_one))
    counts[slow] = one_by_one.counts
    others = {slow[place]: rest for place, rest in one_by_one.others.items()}
    return _in_order(counts, found, others)


def _shape_of(region: bytes) -> tuple[_Bytes, _Bytes] | None:
    if len(region) % 18 == 0 and region[1:2] == b"\x10":
        return _VALUED
    return _ZERO if len(region) % 9 == 0 and region[1:2] == b"\x07" else None


def _in_order(
    counts: _Counts, found: list[tuple[list[int], Samples]], others: Mapping[int, bytes]
) -> Samples:
    total = int(counts.sum())
    times, values = np.empty(total, np.int64), np.empty(total)
    starts = np.cumsum(counts) - counts
    for places, samples in found:
        own = np.cumsum(samples.counts) - samples.counts
        into = np.repeat(starts[places] - own, samples.counts) + np.arange(len(samples.times))
        times[into], values[into] = samples.times, samples.values
    return Samples(counts, times, values, others)


def _read_alike(joined: bytes, counts: _Counts, mask: _Bytes, right: _Bytes) -> Samples | None:
    """Samples that all have the same shape; None if one has not."""
    _check_count(len(joined) // len(right))
    records = np.frombuffer(joined, np.uint8).reshape(-1, len(right))
    if not ((records & mask) == right).all():
        return None
    stamps = records[:, -6:].astype(np.int64) & 0x7F
    times = stamps @ (np.int64(1) << (7 * np.arange(6, dtype=np.int64)))
    if right is _VALUED[1]:
        values = np.ascontiguousarray(records[:, 3:11]).view("<f8")[:, 0].astype(np.float64)
    else:
        values = np.zeros(len(records))
    return Samples(counts, times, values)


def _read_slowly(regions: list[bytes], at: list[int]) -> Samples:
    counts: list[int] = []
    times: list[int] = []
    values: list[float] = []
    others: dict[int, bytes] = {}
    for region, offset in zip(regions, at, strict=True):
        before = len(times)
        try:
            others[len(counts)] = _read_one(region, times, values)
        except TooLargeError:
            raise
        except WireError as error:
            raise WireError(f"in what follows byte {offset}, counted from there: {error}") from None
        counts.append(len(times) - before)
    others = {place: rest for place, rest in others.items() if rest}
    vectors = np.array(counts, np.int64), np.array(times, np.int64), np.array(values, np.float64)
    return Samples(*vectors, others)


def _read_one(region: bytes, times: list[int], values: list[float]) -> bytes:
    """The samples of one series go to the lists; what else is there is returned."""
    others: list[bytes] = []
    for each in fields(region, 0, len(region)):
        _check_count(len(times) + len(others) + 1)
        if (each.number, each.wire) == (_SAMPLE, BYTES):
            stamp, value = _sample(region, each.start, each.end)
            times.append(stamp)
            values.append(value)
        elif each.wire == BYTES:
            others.append(encoded_bytes(each.number, region[each.start : each.end]))
    return b"".join(others)


def _sample(data: bytes, start: int, end: int) -> tuple[int, float]:
    if end - start > _LONGEST_SAMPLE:
        raise WireError(f"a sample of {end - start} bytes")
    stamp, value = 0, 0.0
    for each in fields(data, start, end):
        if (each.number, each.wire) == (1, FIXED64):
            (value,) = _DOUBLE.unpack_from(data, each.start)
        elif (each.number, each.wire) == (2, VARINT):
            stamp = signed(varint(data, each.start)[0])
        elif each.number in (1, 2):
            raise WireError(f"a sample's field {each.number} has the wire type {each.wire}")
    return stamp, value


def _check_count(samples: int) -> None:
    if samples > MOST_SAMPLES:
        raise TooLargeError(f"more than {MOST_SAMPLES} samples in one request")
