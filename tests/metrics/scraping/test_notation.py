"""Prometheus' notation: what its decoder makes of a value, by the type that is wanted."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from opsbook.book.source import AsWritten
from opsbook.metrics.durations import format_duration, parse_duration
from opsbook.metrics.scraping.notation import (
    Bytes,
    Count,
    Flag,
    Interval,
    LabelName,
    Text,
    parse_size,
)


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("15s", 15),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1d", 86_400),
        ("2w", 1_209_600),
        ("1y", 31_536_000),
        ("1y2w3d4h5m6s7ms", 33_019_506.007),
        ("90m", 5400),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "15", "1.5m", "1s1m", "1m1m", "-5s", "5 s", "5S", "1µs", "300y", "٣s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (15, "15s"),
        (5400, "1h30m"),
        (60.5, "1m500ms"),
        (7 * 86_400, "1w"),
        (8 * 86_400, "8d"),
        (365 * 86_400, "1y"),
        (366 * 86_400, "366d"),
    ],
)
def test_a_duration_is_written_as_prometheus_writes_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("10B", 10),
        ("1KB", 1024),
        ("1KiB", 1024),
        ("10MB", 10 * 1024**2),
        ("1.5GB", 1536 * 1024**2),
        ("1GB512MB", 1536 * 1024**2),
        ("10B5KB", 5130),
        (".5KB", 512),
    ],
)
def test_a_size_is_in_powers_of_1024(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "10", "10kB", "10 MB", "1GB5MiB", "10mb", "MB", "-5B", ".B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, ""),
        (10, "10"),
        (True, "true"),
        (AsWritten("1.10", 1.1), "1.10"),
        (AsWritten("True", True), "True"),
    ],
)
def test_text_is_what_was_written(value: Any, text: str) -> None:
    found = read(Text, value)
    assert found == text
    assert type(found) is str


@pytest.mark.parametrize("value", [1.1, ["a"], {"a": "b"}, "\ud800"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        read(Text, value)


def test_a_labels_name_is_any_text_but_none() -> None:
    assert read(LabelName, "größe.x") == "größe.x"
    with pytest.raises(ValidationError, match="a label's name is empty"):
        read(LabelName, "")


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        (AsWritten("False", False), False),
        ("yes", True),
        ("On", True),
        ("y", True),
        ("NO", False),
        ("off", False),
        ("n", False),
        (None, False),
    ],
)
def test_a_flag_is_read_as_in_yaml_1_1(value: Any, flag: bool) -> None:
    assert read(Flag, value) is flag


@pytest.mark.parametrize("value", [1, "true", "yEs", "", [], AsWritten("1", 1)])
def test_what_is_no_flag_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="not a boolean"):
        read(Flag, value)


@pytest.mark.parametrize(
    ("value", "count"), [(5, 5), (AsWritten("1e3", 1000.0), 1000), (None, 0), (2.0, 2)]
)
def test_a_count_is_a_whole_number(value: Any, count: int) -> None:
    assert read(Count, value) == count


@pytest.mark.parametrize("value", ["5", True, 1.5, -1, AsWritten("true", True), 2**64, []])
def test_what_is_no_count_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        read(Count, value)


@pytest.mark.parametrize(
    ("value", "seconds"), [("15s", 15), ("0s", None), (None, None), (AsWritten("0", 0), None)]
)
def test_an_interval_of_0_is_none(value: Any, seconds: float | None) -> None:
    assert read(Interval, value) == seconds


@pytest.mark.parametrize("kind", [Interval, Bytes])
@pytest.mark.parametrize("value", [15, 1.5, AsWritten("15", 15), True, []])
def test_a_unit_is_never_assumed(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError, match="write, for example"):
        read(kind, value)


@pytest.mark.parametrize("kind", [Interval, Bytes, Flag, Count, Text, LabelName])
def test_each_kind_can_be_described(kind: Any) -> None:
    assert json.dumps(TypeAdapter(kind).json_schema())
