"""How severe an alert is, and a book that says nothing of incidents."""

import pytest

from opsbook.incidents.settings import IncidentSettings


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", "critical"),
        ("P1", "critical"),
        ("p4", "low"),
        ("High", "high"),
        ("page", "critical"),
        ("warning", "medium"),
        ("", "high"),
        ("unheard-of", "high"),
    ],
)
def test_a_label_is_a_name_an_alias_or_mapped(label: str, severity: str) -> None:
    assert IncidentSettings().severity_of_label(label) == severity


def test_the_manuals_times_are_there_without_a_section() -> None:
    severities = IncidentSettings().severities
    assert {name: each.respond_within / 60 for name, each in severities.items()} == {
        "critical": 15,
        "high": 60,
        "medium": 240,
        "low": 1440,
    }
    assert [each.aliases for each in severities.values()] == [["P1"], ["P2"], ["P3"], ["P4"]]


def test_the_worse_of_two_is_the_one_declared_first() -> None:
    settings = IncidentSettings()
    assert settings.worse("low", "high") == "high"
    assert settings.worse("gone", "low") == "low"
    assert settings.worst == "critical"
