"""Numbers for people; what Prometheus makes of them stands in the golden files."""

from collections.abc import Callable

import pytest

from opsbook.alerts.templates import humanize
from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.times import Duration

_ALL = [
    humanize.humanize,
    humanize.humanize_1024,
    humanize.humanize_duration,
    humanize.humanize_timestamp,
]


@pytest.mark.parametrize("call", _ALL)
def test_what_is_no_finite_number_is_shown_as_it_is(call: Callable[[object], str]) -> None:
    shown = [call(float("nan")), call(float("inf")), call(float("-inf"))]
    assert shown == ["NaN", "+Inf", "-Inf"]


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), ("1e3", 1000.0), ("0x1p4", 16.0), (".5", 0.5), ("-Infinity", float("-inf"))],
)
def test_a_text_may_be_a_number(value: object, number: float) -> None:
    assert humanize.to_float(value) == number


def test_a_duration_counts_in_seconds() -> None:
    assert humanize.to_float(Duration(1_500_000_000)) == 1.5


@pytest.mark.parametrize("value", ["", " 1", "1_0", "٣", "0x10", "1e", True, None, []])
def test_what_go_does_not_read_is_refused(value: object) -> None:
    with pytest.raises(CallError, match="not a number"):
        humanize.to_float(value)


@pytest.mark.parametrize("value", [1e30, float("nan")])
def test_a_time_or_duration_too_far_off_is_refused(value: float) -> None:
    for call in (humanize.to_time, humanize.to_duration):
        with pytest.raises(CallError, match="too far off"):
            call(value)
