"""Samples as vectors, whatever the shape in which they were written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.model import STALE
from opsbook.metrics.remote.samples import MOST_SAMPLES, read_samples
from opsbook.metrics.remote.snappy import TooLargeError
from opsbook.metrics.remote.wire import WireError, encoded_bytes
from tests.metrics.remote.messages import NOW, sample

TIMES = st.one_of(st.integers(NOW, NOW + 10**9), st.integers(-(2**63), 2**63 - 1))
POINTS = st.tuples(TIMES, st.one_of(st.just(0.0), st.floats()))


@given(st.lists(st.lists(POINTS, max_size=5), max_size=8))
def test_samples_come_back_bit_by_bit(written: list[list[tuple[int, float]]]) -> None:
    regions = [b"".join(sample(*point) for point in points) for points in written]
    read = read_samples(regions, [0] * len(regions))
    assert read.counts.tolist() == [len(points) for points in written]
    assert read.times.tolist() == [at for points in written for at, _ in points]
    # Zero is left out when it is sent, and so is its sign.
    sent = np.array([value or 0.0 for points in written for _, value in points], np.float64)
    assert read.values.view(np.uint64).tolist() == sent.view(np.uint64).tolist()
    assert not read.others


@pytest.mark.parametrize("others", [b"", sample(0, 1.0)])
def test_a_staleness_marker_keeps_its_bits(others: bytes) -> None:
    read = read_samples([sample(NOW, float(STALE)) + others], [0])
    assert read.values[:1].view(np.uint64) == STALE.view(np.uint64)


def test_fields_unknown_to_a_sample_are_passed_over() -> None:
    read = read_samples([encoded_bytes(2, b"\x1a\x01x" + sample(NOW, 1.5)[2:])], [0])
    assert (read.times.tolist(), read.values.tolist()) == ([NOW], [1.5])


def test_what_is_no_sample_is_handed_back() -> None:
    exemplar = encoded_bytes(3, b"\x11" + b"8" * 8)
    read = read_samples([sample(NOW, 1.0), sample(NOW, 0.0) + exemplar], [0, 0])
    assert read.others == {1: exemplar}


def test_a_sample_of_a_wrong_type_is_refused_with_its_place() -> None:
    with pytest.raises(WireError, match=r"byte 77.*wire type 0"):
        read_samples([encoded_bytes(2, b"\x08\x01")], [77])


@pytest.mark.parametrize("one", [sample(NOW, 0.0), sample(NOW, 1.0), sample(0, 0.0)])
def test_too_many_samples_are_refused(one: bytes) -> None:
    with pytest.raises(TooLargeError, match="1000000 samples"):
        read_samples([one * (MOST_SAMPLES + 1)], [0])
