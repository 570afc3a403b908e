"""Values and times in bulk, and one by one where something is unusual."""

import pytest

from opsbook.metrics.exposition.model import NO_TIME
from opsbook.metrics.exposition.openmetrics import OpenMetrics
from opsbook.metrics.exposition.tails import BadTailError, read_tails
from opsbook.metrics.exposition.text import Text


@pytest.mark.parametrize(
    ("tails", "values", "times"),
    [
        ([], [], None),
        ([b"1", b"2"], [1, 2], None),
        ([b"1 5", b"2", b"3 6"], [1, 2, 3], [5, NO_TIME, 6]),
        ([b"1\t5 ", b"  2", b"3  6"], [1, 2, 3], [5, NO_TIME, 6]),
    ],
)
def test_text(tails: list[bytes], values: list[float], times: list[int] | None) -> None:
    found, at = read_tails(Text(), tails)
    assert found.tolist() == values
    assert (None if at is None else at.tolist()) == times


def test_openmetrics() -> None:
    values, times = read_tails(OpenMetrics(), [b"1 5", b"2 # {} 1", b"3 6 # {} 1 2"])
    assert times is not None
    assert (values.tolist(), times.tolist()) == ([1, 2, 3], [5000, NO_TIME, 6000])


@pytest.mark.parametrize("bad", [b"", b"x", b"1 5 6", b"1e999", b"1 x", b"1 # {} 2"])
def test_a_bad_one_is_told_apart(bad: bytes) -> None:
    with pytest.raises(BadTailError) as error:
        read_tails(Text(), [b"1", b"2 5", bad, b"x"])
    assert error.value.index == 2
