"""Who is paged when."""

from typing import Any

import pytest

from opsbook.incidents.escalation import Escalation
from opsbook.incidents.model import Incident
from opsbook.incidents.settings import IncidentSettings

SATURDAY = 1_795_262_400.0
"""2026-11-21T12:00Z."""
HOUR = 3600.0


def escalation(**second: Any) -> Escalation:
    return Escalation(
        IncidentSettings.model_validate(
            {
                "contacts": {"ada": {"receiver": "team"}},
                "escalation": [
                    {"name": "L1", "contacts": ["ada"]},
                    {"name": "L2", "contacts": ["ada"], "after": "15m", **second},
                    {"name": "L3", "contacts": ["ada"], "after": "1h"},
                ],
            }
        )
    )


def incident(severity: str = "critical", **more: Any) -> Incident:
    return Incident("INC-1", "t", severity, SATURDAY, "ada", SATURDAY, **more)


def due(of: Escalation, one: Incident, after: float) -> list[str]:
    return [level.name for level in of.due(one, SATURDAY + after)]


@pytest.mark.parametrize(
    ("severity", "second", "third"),
    [
        ("critical", 0.25 * HOUR, HOUR),
        ("high", 2 * HOUR, 2.75 * HOUR),
        ("medium", 8 * HOUR, 8.75 * HOUR),
        ("low", 48 * HOUR, 48.75 * HOUR),
    ],
)
def test_levels_beyond_the_first_wait_for_the_severity(
    severity: str, second: float, third: float
) -> None:
    one = incident(severity)
    assert due(escalation(), one, 0) == ["L1"]
    assert due(escalation(), one, second - 1) == ["L1"]
    assert due(escalation(), one, second) == ["L1", "L2"]
    assert due(escalation(), one, third) == ["L1", "L2", "L3"]


def test_what_was_paged_is_not_due_and_what_is_next_is_known() -> None:
    one = incident(paged=("L1",))
    assert due(escalation(), one, 0) == []
    assert escalation().next(one) == ("L2", SATURDAY + 900)
    assert escalation().respond_by(one) == SATURDAY + 900


def test_nobody_is_due_once_it_is_acknowledged() -> None:
    one = incident().acknowledged("ada", SATURDAY)
    assert due(escalation(), one, 10 * HOUR) == []
    assert escalation().next(one) is None


def test_a_level_waits_for_its_hours_and_others_do_not_wait_for_it() -> None:
    office = {"days": ["mon-fri"], "from": "07:00", "to": "18:00", "zone": "Europe/Berlin"}
    of, one = escalation(hours=office), incident()
    assert due(of, one, 2 * HOUR) == ["L1", "L3"]
    assert due(of, one, 42 * HOUR - 1) == ["L1", "L3"]
    assert due(of, one, 42 * HOUR) == ["L1", "L2", "L3"]
