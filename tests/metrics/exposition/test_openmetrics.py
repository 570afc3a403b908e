"""OpenMetrics."""

import pytest

from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.exposition.reader import ExpositionError, Reader
from opsbook.metrics.metadata import Metadata
from tests.metrics.exposition.bodies import OPENMETRICS
from tests.metrics.exposition.cases import (
    OPENMETRICS_READ,
    OPENMETRICS_READ_SINCE_3,
    OPENMETRICS_WRONG,
    Wrong,
)


@pytest.mark.parametrize("body", [*OPENMETRICS_READ, *OPENMETRICS_READ_SINCE_3], ids=repr)
def test_what_the_format_allows_is_read(body: bytes) -> None:
    Reader().read(body, OPENMETRICS)


@pytest.mark.parametrize("wrong", OPENMETRICS_WRONG, ids=lambda it: repr(it.body))
def test_what_it_does_not_allow_is_refused_with_its_line(wrong: Wrong) -> None:
    with pytest.raises(ExpositionError) as refusal:
        Reader().read(wrong.body, OPENMETRICS)
    assert str(refusal.value).startswith("line ")
    assert wrong.said in str(refusal.value)


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [
        ("1700000000.123", 1700000000123),
        ("1700000000.001", 1700000000001),
        ("1.7e9", 1700000000000),
        ("-1.5", -1500),
        ("0.0006", 1),
        ("9007199254740", 9007199254740000),
    ],
)
def test_timestamps_are_seconds_and_kept_to_the_nearest_millisecond(
    seconds: str, milliseconds: int
) -> None:
    times = Reader().read(f"up 1 {seconds}\n# EOF".encode(), OPENMETRICS).times
    assert times is not None
    assert times.tolist() == [milliseconds]


@pytest.mark.parametrize("seconds", ["9223372036854775.808", "-9223372036854775.808", "1e300"])
def test_a_time_that_no_clock_shows_is_refused(seconds: str) -> None:
    with pytest.raises(ExpositionError, match="expected a timestamp in seconds"):
        Reader().read(f"up 1 {seconds}\n# EOF".encode(), OPENMETRICS)


def test_exemplars_are_left_out() -> None:
    body = b'a_total 1 # {a=" # {"} 5\nb_total 2 1.5 # {} 5 6\nc_total 3\n# EOF'
    found = Reader().read(body, OPENMETRICS)
    assert found.values.tolist() == [1, 2, 3]


def test_created_series_are_series() -> None:
    found = Reader().read(b"a_total 1\na_created 1.5\n# EOF", OPENMETRICS)
    assert found.labels == (labels_of({NAME: "a_total"}), labels_of({NAME: "a_created"}))


def test_comments_say_type_unit_and_help_of_families() -> None:
    body = b"""# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds A \\"time\\".
# TYPE "my.info" info
# EOF"""
    assert Reader().read(body, OPENMETRICS).metadata == {
        "a_seconds": Metadata("counter", 'A "time".', "seconds"),
        "my.info": Metadata("info"),
    }
