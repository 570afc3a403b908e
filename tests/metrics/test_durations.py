"""Prometheus' durations."""

import pytest

from opsbook.metrics.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("500ms", 0.5),
        ("30s", 30),
        ("1h30m", 5400),
        ("1d", 86_400),
        ("2w", 1_209_600),
        ("1y", 31_536_000),
        ("1y2w3d4h5m6s7ms", 33_019_506.007),
        ("292y", 292 * 31_536_000),
    ],
)
def test_whole_numbers_with_the_largest_unit_first(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "1.5m", "-5m", "5m1h", "5 m", "m", "1m1m", "5M", "٣s", "5min", "300y", "s5"]
)
def test_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a duration|a duration of more"):
        parse_duration(text)
