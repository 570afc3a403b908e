"""Alerts and notices."""

from opsbook.alerts.model import Alert, Notice
from opsbook.core.labels import labels_of

NOW = 1_700_000_000.0


def alert(name: str, ends: float) -> Alert:
    return Alert(labels_of({"alertname": name}), (), NOW - 60, ends, NOW)


def notice(*alerts: Alert) -> Notice:
    return Notice("team", "{}:{}", (), alerts, NOW, "http://127.0.0.1:7070")


def test_an_alert_has_ended_at_its_end() -> None:
    assert alert("Down", NOW).resolved(NOW)
    assert not alert("Down", NOW + 0.001).resolved(NOW)
    assert alert("Down", NOW).name == "Down"


def test_a_notice_fires_while_one_of_its_alerts_does() -> None:
    firing, ended = alert("A", NOW + 1), alert("B", NOW)
    assert notice(firing, ended).status == "firing"
    assert notice(firing, ended).firing == (firing,)
    assert notice(firing, ended).resolved == (ended,)
    assert notice(ended).status == "resolved"
