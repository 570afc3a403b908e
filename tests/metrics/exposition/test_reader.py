"""Scrapes of one target, one after the other."""

import time
import tracemalloc

import numpy as np
import pytest

from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.exposition.reader import NO_TIME, ExpositionError, Limits, Reader
from tests.metrics.exposition.bodies import OPENMETRICS, TEXT
from tests.metrics.exposition.timing import counters

BODY = b'# HELP a A.\n# TYPE a gauge\na{b="c"} 1\na{b="d"} 2\n'


def test_series_come_in_the_order_of_their_lines() -> None:
    found = Reader().read(b'z{b="c",a="d"} 1\na 2\n', TEXT)
    assert found.labels == (labels_of({NAME: "z", "a": "d", "b": "c"}), labels_of({NAME: "a"}))
    assert found.values.tolist() == [1, 2]
    assert found.times is None
    assert found.repeated == 0


def test_what_has_not_changed_is_the_same_object() -> None:
    reader = Reader()
    first = reader.read(BODY, TEXT)
    second = reader.read(BODY.replace(b" 1\n", b" 5 1700000000000\n"), TEXT)
    assert second.values.tolist() == [5, 2]
    assert second.labels is first.labels
    assert second.metadata is first.metadata


def test_the_labels_are_the_same_object_though_comments_change() -> None:
    reader = Reader()
    first = reader.read(BODY, TEXT)
    second = reader.read(BODY.replace(b"A.", b"B."), TEXT)
    assert second.labels is first.labels
    assert second.metadata["a"].help == "B."


def test_the_metadata_is_the_same_object_though_series_change() -> None:
    reader = Reader()
    first = reader.read(BODY, TEXT)
    second = reader.read(BODY + b"b 3\n", TEXT)
    assert second.metadata is first.metadata
    assert second.values.tolist() == [1, 2, 3]


def test_another_order_is_another_shape() -> None:
    reader = Reader()
    first = reader.read(b"a 1\nb 2\n", TEXT)
    second = reader.read(b"b 2\na 1\n", TEXT)
    assert second.labels == first.labels[::-1]
    assert second.values.tolist() == [2, 1]


def test_what_the_caller_does_with_its_arrays_stays_with_the_caller() -> None:
    reader = Reader()
    found = reader.read(b"a 1 5\nb 2 5\n", TEXT)
    assert found.times is not None
    found.values[:], found.times[:] = 7, 7
    again = reader.read(b"a 1 5\nb 3 5\n", TEXT)
    assert again.times is not None
    assert (again.values.tolist(), again.times.tolist()) == ([1, 3], [5, 5])


def test_the_first_of_several_lines_of_one_series_counts() -> None:
    reader = Reader()
    for value in (1, 3):
        found = reader.read(b'a{b="c"} %d\nb 9\na{b="c",} 7\na{b="c"} 8\n' % value, TEXT)
        assert found.values.tolist() == [value, 9]
        assert found.repeated == 2


def test_lines_without_a_time_among_others_are_marked() -> None:
    reader = Reader()
    for body, times in [
        (b"a 1 5\nb 2\n", [5, NO_TIME]),
        (b"a 1\nb 2 6\n", [NO_TIME, 6]),
        (b"a 1 7\nb 2 7\n", [7, 7]),
    ]:
        found = reader.read(body, TEXT)
        assert found.times is not None
        assert found.times.dtype == np.int64
        assert found.times.tolist() == times
    assert reader.read(b"a 1\nb 2\n", TEXT).times is None


def test_a_refused_body_leaves_what_was_known_as_it_was() -> None:
    reader = Reader()
    first = reader.read(BODY, TEXT)
    with pytest.raises(ExpositionError, match="line 4: expected a number"):
        reader.read(BODY.replace(b" 1\n", b" 5\n").replace(b" 2\n", b" two\n"), TEXT)
    again = reader.read(BODY, TEXT)
    assert again.labels is first.labels
    assert again.values.tolist() == [1, 2]


def test_the_first_thing_wrong_is_the_one_that_is_named() -> None:
    with pytest.raises(ExpositionError, match=r"^line 2: expected a number"):
        Reader().read(b"a 1\nb two\n<html>\nc four\n", TEXT)


def test_lines_are_counted_where_labels_hold_line_feeds() -> None:
    with pytest.raises(ExpositionError, match=r"^line 4: expected a number"):
        Reader().read(b'a{b="one\ntwo\nthree"} 1\nc d\n', TEXT)


def test_another_format_of_the_same_bytes_is_read_anew() -> None:
    reader = Reader()
    body = b"a 1 5\n# EOF\n"
    times = [reader.read(body, each).times for each in (TEXT, OPENMETRICS, TEXT)]
    assert [None if each is None else each.tolist() for each in times] == [[5], [5000], [5]]


def test_heads_that_are_no_longer_sent_are_forgotten() -> None:
    reader, body = Reader(), b"".join(b'a{b="%0100d"} 1\n' % number for number in range(2000))
    reader.read(body, TEXT)
    tracemalloc.start()
    try:
        for round_ in range(5):
            reader.read(body.replace(b"a{", b"a%d{" % round_), TEXT)
            held, _ = tracemalloc.get_traced_memory()
            if round_ == 0:
                once = held
    finally:
        tracemalloc.stop()
    assert held < 1.5 * once


def test_a_known_shape_is_read_many_times_faster_than_a_new_one() -> None:
    first, second = counters(1), counters(2)
    reader = Reader()
    reader.read(first, TEXT)
    known = min(seconds(reader, body) for body in (second, first) * 5)
    assert known < min(seconds(Reader(), body) for body in (second, first)) / 5


def seconds(reader: Reader, body: bytes) -> float:
    start = time.perf_counter()
    reader.read(body, TEXT)
    return time.perf_counter() - start


SMALL = Limits(samples=3, lines=6, line_bytes=30)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a 1\nb 1\nc 1\nd 1\n", "line 4: there are more than 3 samples"),
        (b"\n" * 7, "there are more than 6 lines"),
        (b'a 1\na{b="%b"} 1\n' % (b"c" * 30), "line 2: the line has 39 bytes; at most 30"),
        (b"# HELP a %b\n" % (b"c" * 30), "line 1: the line has 39 bytes; at most 30"),
        (b'a{b="%b\n%b"} 1\n' % (b"c" * 15, b"d" * 15), "line 1: the line has 40 bytes"),
    ],
)
def test_what_is_too_much_is_refused(body: bytes, said: str) -> None:
    reader = Reader(SMALL)
    for _ in range(2):
        with pytest.raises(ExpositionError, match=said):
            reader.read(body, TEXT)
        reader.read(b"a 1\nb 1\nc 1\n", TEXT)


@pytest.mark.parametrize(
    "body",
    [
        b'a{b="' + b"x" * 50_000_000 + b'"} 1',
        b'a{b="' + b"x\n" * 400_000,
        b'a{b="\n' * 400_000,
        b"a{" + b",".join(b'l%d="1"' % number for number in range(1_000_000)) + b"} 1",
        b"# HELP a " + b"x\\n" * 3_300_000,
        b"\n" * 100_000_000,
        b"# no more than a comment\n" * 900_000,
        b"a " + b"1" * 900_000,
        b"a 1 " + b"0" * 900_000,
        b"a" + b" " * 900_000 + b"1",
        b'a{b="' + b"\\n" * 450_000 + b'"} 1',
        b"a{" + b",".join(b'l%d="1"' % number for number in range(70_000)) + b"} 1",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_huge_bodies_are_read_or_refused_soon(body: bytes) -> None:
    start = time.perf_counter()
    try:
        Reader().read(body, TEXT)
    except ExpositionError as error:
        assert len(str(error)) < 300
    assert time.perf_counter() - start < 10
