"""Prometheus' text format."""

import pytest

from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.exposition.reader import ExpositionError, Reader
from opsbook.metrics.metadata import Metadata
from tests.metrics.exposition.bodies import TEXT
from tests.metrics.exposition.cases import (
    TEXT_READ,
    TEXT_READ_SINCE_3,
    TEXT_WRONG,
    TEXT_WRONG_SINCE_3,
    Wrong,
)


@pytest.mark.parametrize("body", [*TEXT_READ, *TEXT_READ_SINCE_3, b" \tup 1\n"], ids=repr)
def test_what_the_format_allows_is_read(body: bytes) -> None:
    Reader().read(body, TEXT)


@pytest.mark.parametrize("wrong", [*TEXT_WRONG, *TEXT_WRONG_SINCE_3], ids=lambda it: repr(it.body))
def test_what_it_does_not_allow_is_refused_with_its_line(wrong: Wrong) -> None:
    with pytest.raises(ExpositionError) as refusal:
        Reader().read(wrong.body, TEXT)
    assert str(refusal.value).startswith("line ")
    assert wrong.said in str(refusal.value)


@pytest.mark.parametrize("body", [b"\0\nup 1\n", b"up 1\n\0", b"up 1\n\0up 2\n"])
def test_a_nul_between_lines_does_not_end_a_body_silently(body: bytes) -> None:
    with pytest.raises(ExpositionError, match="expected a metric's name"):
        Reader().read(body, TEXT)


def test_escapes_are_read_and_others_stand_for_themselves() -> None:
    [labels] = Reader().read(rb'up{a="\\n \n \" \d \\"} 1', TEXT).labels
    assert dict(labels)["a"] == '\\n \n " \\d \\'


def test_names_in_quotes_may_hold_anything() -> None:
    body = '{"mein \\"Maß\\"\\n","my.label"="x",b="y"} 1'.encode()
    [labels] = Reader().read(body, TEXT).labels
    assert labels == labels_of({NAME: 'mein "Maß"\n', "my.label": "x", "b": "y"})


def test_an_empty_label_is_kept_for_those_who_honour_labels() -> None:
    [labels] = Reader().read(b'up{a="",b="c"} 1', TEXT).labels
    assert labels == ((NAME, "up"), ("a", ""), ("b", "c"))


def test_timestamps_are_milliseconds() -> None:
    times = Reader().read(b"up 1 1700000000123\n", TEXT).times
    assert times is not None
    assert times.tolist() == [1700000000123]


def test_comments_say_type_and_help() -> None:
    body = rb"""# HELP up Up,\nor \\n or \".
# TYPE up gauge
# HELP down
# TYPE x untyped
# odd"""
    assert Reader().read(body, TEXT).metadata == {
        "up": Metadata("gauge", 'Up,\nor \\n or \\".'),
        "down": Metadata(),
        "x": Metadata("unknown"),
    }


def test_the_last_comment_counts() -> None:
    body = b"# TYPE up gauge\n# HELP up a\n# TYPE up counter\n# HELP up b\n"
    assert Reader().read(body, TEXT).metadata == {"up": Metadata("counter", "b")}


def test_bounds_are_written_as_prometheus_3_writes_them() -> None:
    body = b"""# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="1e6"} 1
h_bucket{quantile="1"} 1
# TYPE s summary
s{quantile="1"} 1
s{le="1"} 1
# TYPE g gauge
g{le="1",quantile="1"} 1
"""
    found = [dict(labels) for labels in Reader().read(body, TEXT).labels]
    assert [labels.get("le") for labels in found] == ["1.0", "1e+06", None, None, "1", "1"]
    assert [labels.get("quantile") for labels in found] == [None, None, "1", "1.0", None, "1"]
