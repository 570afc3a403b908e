"""Alerts put together into signs of trouble."""

from opsbook.alerts.model import Alert
from opsbook.core.labels import labels_of
from opsbook.incidents.settings import IncidentSettings
from opsbook.incidents.signals import of_alerts, of_death

SETTINGS = IncidentSettings()


def alert(at: float, severity: str = "high", summary: str = "", **labels: str) -> Alert:
    wanted = labels_of({"alertname": "Down", "severity": severity, **labels})
    return Alert(wanted, labels_of({"summary": summary}), at, at + 3600, at)


def test_alerts_of_one_service_are_one_sign_with_the_worst_severity() -> None:
    found = of_alerts(
        [
            alert(20, "critical", service="db", check="b"),
            alert(10, "high", "db is slow", service="db", check="a"),
        ],
        SETTINGS,
    )
    (sign,) = found
    assert (sign.title, sign.severity, sign.began_at) == ("db is slow", "critical", 10)
    assert (sign.cause.first, sign.cause.last) == (10, 20)
    assert sign.cause.services == {"db"}
    assert sign.checks == {"a", "b"}
    assert len(sign.alerts) == 2


def test_what_is_far_apart_in_time_is_two_signs() -> None:
    later = 10 + SETTINGS.join_within + 1
    assert (
        len(of_alerts([alert(10, service="db"), alert(later, service="db", n="2")], SETTINGS)) == 2
    )


def test_only_alerts_about_no_service_go_by_their_names() -> None:
    signs = of_alerts([alert(10, host="a"), alert(10, service="db")], SETTINGS)
    assert [(each.cause.services, each.cause.names) for each in signs] == [
        (frozenset(), frozenset({"Down"})),
        (frozenset({"db"}), frozenset()),
    ]


def test_an_alert_without_a_summary_is_called_by_its_name() -> None:
    (sign,) = of_alerts([alert(10)], SETTINGS)
    assert sign.title == "Down"


def test_a_death_began_when_the_trouble_did() -> None:
    sign = of_death("db", "killed", 5.0, "critical", 9.0)
    assert (sign.title, sign.began_at, sign.cause.first, sign.death) == (
        "db: killed",
        5.0,
        9.0,
        True,
    )
