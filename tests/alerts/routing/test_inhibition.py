"""While one alert fires, another need not be told."""

from opsbook.alerts.model import Alert
from opsbook.alerts.routing.inhibition import InhibitionRule, Inhibitor
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.core.labels import labels_of

NOW = 1_700_000_000.0


def alert(ends: float = NOW + 60, **labels: str) -> Alert:
    return Alert(labels_of(labels), (), NOW - 60, ends, NOW)


def inhibitor(source: str, target: str, *equal: str) -> Inhibitor:
    return Inhibitor([InhibitionRule(parse_matchers(source), parse_matchers(target), equal)])


def inhibited(by: Inhibitor, **labels: str) -> bool:
    return bool(by.inhibited_by(labels_of(labels), NOW))


def test_a_firing_source_inhibits_targets_with_equal_labels() -> None:
    rule = inhibitor("severity=critical", "severity=warning", "cluster")
    source = alert(severity="critical", cluster="a")
    rule.put(source)
    found = rule.inhibited_by(labels_of({"severity": "warning", "cluster": "a"}), NOW)
    assert found == [source.fingerprint]
    assert not inhibited(rule, severity="warning", cluster="b")
    assert not inhibited(rule, severity="info", cluster="a")


def test_a_missing_label_equals_a_missing_label() -> None:
    rule = inhibitor("severity=critical", "severity=warning", "cluster")
    rule.put(alert(severity="critical"))
    assert inhibited(rule, severity="warning")


def test_a_resolved_source_inhibits_nothing() -> None:
    rule = inhibitor("severity=critical", "severity=warning")
    rule.put(alert(severity="critical"))
    rule.put(alert(severity="critical", ends=NOW))
    assert not inhibited(rule, severity="warning")


def test_a_forgotten_source_inhibits_nothing() -> None:
    rule = inhibitor("severity=critical", "severity=warning")
    rule.put(alert(severity="critical"))
    rule.forget(alert(severity="critical"))
    assert not inhibited(rule, severity="warning")


def test_what_is_on_both_sides_does_not_inhibit_what_is_on_both_sides() -> None:
    rule = inhibitor("severity=~critical|warning", "severity=~warning|critical")
    rule.put(alert(severity="critical"))
    assert not inhibited(rule, severity="critical")
    assert not inhibited(rule, severity="warning")


def test_a_plain_source_inhibits_what_is_on_both_sides() -> None:
    rule = inhibitor("severity=~critical|warning", "severity=~warning|info")
    rule.put(alert(severity="critical"))
    assert inhibited(rule, severity="warning")


def test_an_empty_rule_inhibits_nothing() -> None:
    rule = inhibitor("", "")
    rule.put(alert(severity="critical"))
    assert not inhibited(rule, severity="critical")
