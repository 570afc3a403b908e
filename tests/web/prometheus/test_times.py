"""Times and durations for people."""

import pytest

from opsbook.web.prometheus.times import duration_text, moment_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (15, "15s"),
        (90, "1m30s"),
        (3600, "1h"),
        (86_400, "1d"),
        (90_000, "25h"),
        (1_296_000, "15d"),
        (604_800, "1w"),
        (31_536_000, "1y"),
    ],
)
def test_a_duration_is_written_as_prometheus_does(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_what_never_was_is_in_the_year_one() -> None:
    assert moment_text(None) == "0001-01-01T00:00:00Z"
    assert moment_text(1.5) == "1970-01-01T00:00:01.500Z"
