"""Maintenance windows."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.probes.maintenance import Maintenance


def covers(moment: str, service: str | None = "a", **window: Any) -> bool:
    parsed = Maintenance.model_validate({"reason": "work", **window})
    return parsed.covers(service, datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


ONCE = {"begin": "2026-03-01T02:00:00Z", "end": "2026-03-01T04:00:00+01:00"}


def test_a_window_is_open_from_its_begin_until_before_its_end() -> None:
    moments = ["2026-03-01T01:59:59", "2026-03-01T02:00", "2026-03-01T02:59:59", "2026-03-01T03:00"]
    assert [covers(moment, **ONCE) for moment in moments] == [False, True, True, False]


def test_a_window_covers_the_named_services_only() -> None:
    inside = "2026-03-01T02:30"
    assert covers(inside, service="a", services=["a"], **ONCE)
    assert not covers(inside, service="b", services=["a"], **ONCE)
    assert not covers(inside, service=None, services=["a"], **ONCE)
    assert covers(inside, service=None, **ONCE)


def test_a_weekly_window_goes_on_over_midnight() -> None:
    weekly: dict[str, Any] = {"at": "23:00", "lasting": "2h", "days": ["sat"]}
    moments = ["2026-11-21T22:59", "2026-11-21T23:00", "2026-11-22T00:59", "2026-11-22T01:00"]
    assert [covers(moment, **weekly) for moment in moments] == [False, True, True, False]


def test_a_window_follows_the_clock_of_its_zone() -> None:
    nightly = {"at": "02:30", "lasting": "30m", "zone": "Europe/Vienna"}
    assert covers("2026-01-10T01:45", **nightly)
    assert covers("2026-07-10T00:45", **nightly)
    assert not covers("2026-07-10T01:45", **nightly)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({}, "not a window"),
        ({"begin": "2026-03-01T02:00:00Z"}, "not a window"),
        ({**ONCE, "at": "02:00", "lasting": "1h"}, "not a window"),
        ({"begin": ONCE["end"], "end": ONCE["begin"]}, "ends before it begins"),
        ({"begin": "2026-03-01T02:00:00", "end": ONCE["end"]}, "not a moment with its zone"),
        ({"at": "25:00", "lasting": "1h"}, "not a time of day"),
        ({"at": "02:00", "lasting": "1h", "zone": "Mars/Base"}, "not a time zone"),
    ],
)
def test_a_window_that_cannot_be_is_refused(window: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Maintenance.model_validate({"reason": "work", **window})
