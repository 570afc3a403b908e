"""Requests as senders write them, and as attackers do."""

import contextlib
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsbook.metrics.metadata import Metadata
from opsbook.metrics.remote.decoding import BadLabelsError, decode, labels_in
from opsbook.metrics.remote.encoding import encoded_labels
from opsbook.metrics.remote.snappy import TooLargeError
from opsbook.metrics.remote.wire import WireError, encoded_bytes
from tests.metrics.remote.messages import NOW, message, metadata, sample, series

UP, LOAD = series("up", job="api"), series("load", job="api", cpu="0")
SOUND = message({UP: [(NOW, 1.0)], LOAD: [(NOW, 0.5), (NOW + 1, 0.25)]}) + metadata(1, "up", "", "")


def pair(name: bytes, value: bytes) -> bytes:
    return encoded_bytes(1, encoded_bytes(1, name) + encoded_bytes(2, value))


def test_a_series_seen_before_is_read_the_same() -> None:
    part = encoded_labels(UP)
    for known in ((), {part}):
        read = decode(message({UP: [(NOW, 1.0)]}), known)
        assert (read.series, read.samples.times.tolist()) == ([part], [NOW])


def test_metadata_is_read() -> None:
    read = decode(
        metadata(3, "latency_seconds", "How long.", "seconds") + metadata(99, "x", "", ""), ()
    )
    assert read.metadata == {
        "latency_seconds": Metadata("histogram", "How long.", "seconds"),
        "x": Metadata("unknown"),
    }


def test_labels_after_samples_belong_to_the_series_too() -> None:
    first, second = pair(b"__name__", b"up"), pair(b"job", b"api")
    read = decode(encoded_bytes(1, first + sample(NOW, 1.0) + second), ())
    assert [labels_in(part) for part in read.series] == [UP]


def test_histograms_and_exemplars_are_counted() -> None:
    more = encoded_bytes(3, b"") + encoded_bytes(4, b"\x18\x01") * 2
    read = decode(encoded_bytes(1, encoded_labels(UP) + sample(NOW, 1.0) + more), ())
    assert (read.exemplars, read.histograms) == (1, 2)
    assert read.samples.times.tolist() == [NOW]


def test_fields_of_a_later_version_are_passed_over() -> None:
    more = b"\x50\x07" + encoded_bytes(12, b"later") + b"\x6d1234"
    read = decode(more + message({UP: [(NOW, 1.0)]}) + more, ())
    assert len(read.series) == 1


def test_labels_are_sorted_and_empty_ones_are_none() -> None:
    part = pair(b"job", b"api") + pair(b"zone", b"") + pair(b"__name__", b"up")
    assert labels_in(part) == UP


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (pair(b"job", b"api"), "without a metric's name"),
        (encoded_labels(UP) + pair(b"job", b"db"), "two values for the label 'job'"),
        (encoded_labels(UP) + pair(b"", b"db"), "without a name"),
        (encoded_labels(UP) + pair(b"x", b"\xff"), "not UTF-8"),
        (encoded_labels(UP) + pair(b"x", b"y" * 2_000_000), "of 2000039 bytes"),
    ],
)
def test_labels_as_no_series_has_them_are_refused(part: bytes, said: str) -> None:
    with pytest.raises(BadLabelsError, match=said):
        labels_in(part)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x0a\x05ab", "ends at byte 4"),
        (b"\x0a", "ends at byte 1"),
        (b"\x0a\x02\x0a\x05", "label goes beyond the end of its series at byte 4"),
        (b"\x1a\x7f", "field at byte 0"),
    ],
)
def test_damage_is_named_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        decode(data, ())


@pytest.mark.parametrize("flood", [b"\x0a\x00", b"\x1a\x00", b"\x50\x00"])
def test_a_flood_of_tiny_fields_is_refused_without_much_memory(flood: bytes) -> None:
    data = flood * 4_000_000
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        decode(data, ())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def read_all(data: bytes) -> None:
    read = decode(data, {encoded_labels(UP)})
    for part in read.series:
        with contextlib.suppress(WireError):
            labels_in(part)
    assert len(read.samples.times) == len(read.samples.values) == read.samples.counts.sum()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(WireError):
        read_all(data)


MUTATIONS: st.SearchStrategy[Callable[[bytes], bytes]] = st.one_of(
    st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)).map(
        lambda where: lambda data: data[: where[0]] + bytes([where[1]]) + data[where[0] + 1 :]
    ),
    st.tuples(st.integers(0, len(SOUND)), st.integers(0, len(SOUND))).map(
        lambda cut: lambda data: data[: cut[0]] + data[cut[1] :]
    ),
    st.tuples(st.integers(0, len(SOUND)), st.binary(max_size=12)).map(
        lambda more: lambda data: data[: more[0]] + more[1] + data[more[0] :]
    ),
)


@given(st.lists(MUTATIONS, min_size=1, max_size=4))
@example([lambda data: data])
def test_a_damaged_request_is_read_or_refused(mutations: list[Callable[[bytes], bytes]]) -> None:
    data = SOUND
    for mutate in mutations:
        data = mutate(data)
    with contextlib.suppress(WireError):
        read_all(data)
