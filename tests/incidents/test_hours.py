"""Hours of the week."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from opsbook.incidents.hours import Hours

OFFICE = {"days": ["mon-fri"], "from": "07:00", "to": "18:00", "zone": "Europe/Berlin"}
NIGHT = {"days": ["fri"], "from": "22:00", "to": "06:00", "zone": "Europe/Berlin"}


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        (OFFICE, "2026-11-20T07:00", True),  # a Friday
        (OFFICE, "2026-11-20T06:59", False),
        (OFFICE, "2026-11-20T18:00", False),
        (OFFICE, "2026-11-21T12:00", False),
        (OFFICE, "2026-07-03T07:00", True),  # in summer time
        (NIGHT, "2026-11-20T23:00", True),
        (NIGHT, "2026-11-21T05:59", True),
        (NIGHT, "2026-11-21T06:00", False),
        (NIGHT, "2026-11-20T05:00", False),
        ({"days": ["fri-mon"]}, "2026-11-22T12:00", True),
        ({"days": ["fri-mon"]}, "2026-11-24T12:00", False),
    ],
)
def test_a_moment_lies_in_the_hours_of_its_zone(
    hours: dict[str, Any], moment: str, inside: bool
) -> None:
    assert Hours.model_validate(hours).contain(at(moment)) is inside


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"days": ["monday"]}, "not a day"),
        ({"days": []}, "at least 1"),
        ({"from": "7"}, "not a time of day"),
        ({"zone": "Mars"}, "not a time zone"),
    ],
)
def test_what_is_no_time_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Hours.model_validate(wrong)
