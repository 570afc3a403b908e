"""The simple rules of a book."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.rules.alerting import AlertingRule, Setting
from opsbook.alerts.rules.settings import (
    AlertRulesSettings,
    SimpleRule,
    declared_simple_groups,
    simple_rule_problems,
)
from opsbook.book.load import load_book
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source
from opsbook.metrics.rules.group import Group
from tests.alerts.rules.world import World, states, told

THRESHOLDS = """
AE-A01 system_health            overall_health_percent  less_than    90   warning
AE-A02 response_time            avg_response_time       greater_than 1000 warning
AE-A03 critical_response_time   avg_response_time       greater_than 2000 critical
AE-A04 error_rate_warning       error_rate              greater_than 2    warning
AE-A05 error_rate_critical      error_rate              greater_than 5    critical
AE-A06 db_connections_high      connection_pool_usage   greater_than 80   warning
AE-A07 db_connections_critical  connection_pool_usage   greater_than 95   critical
AE-A08 storage_usage_high       storage_usage_percent   greater_than 80   warning
AE-A09 gdpr_compliance_low      gdpr_compliance_score   less_than    95   warning
AE-A10 gdpr_compliance_critical gdpr_compliance_score   less_than    90   critical
"""
"""A manual's rules: their names, metrics, operators, thresholds and severities."""
CONDITIONS = [
    ("ConsciousnessEngineDown", 'up{job="consciousness-engine"} == 0', "1m", "critical"),
    ("HighMemoryUsage", "memory_usage_percent > 85", "5m", "warning"),
    ("DatabaseConnectionFailed", "database_connections_failed > 0", "1m", "critical"),
    ("MemorySystemInstability", "memory_stability_ratio < 0.99", "2m", "warning"),
    ("HighProcessingLatency", "consciousness_processing_time_ms > 1000", "3m", "warning"),
    ("HighErrorRate", "rate(visionflow_errors_total[5m]) * 100 > 5", "2m", "critical"),
    ("HighFrameLatency", "visionflow_processing_duration_ms > 20", "1m", "warning"),
    ("WebSocketConnectionLow", "visionflow_websocket_connections < 10", "5m", "warning"),
    ("HighMemory", "(process_resident_memory_bytes / 1024 / 1024) > 1000", "5m", "warning"),
    ("ServiceDown", 'up{job="visionflow"} == 0', "1m", "critical"),
]


class Book(Section):
    alerts: AlertRulesSettings = AlertRulesSettings()


def problems(book: Book, source: Source) -> list[Problem]:
    return simple_rule_problems(book.alerts.rules, source)


def load(directory: Path, text: str) -> AlertRulesSettings:
    file = directory / "book.yaml"
    file.write_text(text, encoding="utf-8")
    return load_book(file, lambda _: Book, lambda: Book, problems).alerts


def rule(**settings: Any) -> SimpleRule:
    return SimpleRule.model_validate(settings)


def living(world: World, name: str, simple: SimpleRule) -> Group:
    (declared,) = declared_simple_groups({name: simple})
    (spec,) = declared.spec.rules

    def tell(expression: str, alerts: Any) -> None:
        world.sent += [(world.second, alert) for alert in alerts]

    living = AlertingRule(declared.spec, spec, declared.interval, Setting(tell))
    return Group(declared.file, declared.spec, declared.interval, [living])


@pytest.mark.parametrize("line", THRESHOLDS.strip().splitlines(), ids=lambda line: line.split()[0])
def test_a_manual_s_thresholds_fire_beyond_them_and_not_at_them(line: str) -> None:
    _, name, metric, operator, threshold, severity = line.split()
    simple = rule(
        metric=metric,
        operator=operator,
        threshold=float(threshold),
        severity=severity,
        message=f"{metric} is {{{{ $value }}}}",
    )
    world, beyond = World(), float(threshold) + (1 if operator == "greater_than" else -1)
    group = living(world, name, simple)
    world.put(0, metric, float(threshold))
    assert world.evaluate(group, 0) == []
    world.put(15, metric, beyond)
    (alert,) = world.evaluate(group, 15)
    assert alert.labels == {"alertname": name, "severity": severity}
    assert dict(world.sent[0][1].annotations) == {"summary": f"{metric} is {beyond:g}"}


@pytest.mark.parametrize(("name", "expression", "hold", "severity"), CONDITIONS)
def test_a_manual_s_expressions_are_the_rules_that_prometheus_would_have(
    name: str, expression: str, hold: str, severity: str
) -> None:
    simple = SimpleRule.model_validate(
        {"expression": expression, "for": hold, "severity": severity}
    )
    spec = simple.rule(name)
    assert (spec.alert, spec.expr) == (name, expression)
    assert spec.for_ == int(hold[0]) * 60
    assert spec.labels == {"severity": severity}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"metric": "x", "operator": ">", "threshold": "200ms"}, "x > 0.2"),
        ({"metric": "x", "operator": ">=", "threshold": "10 GiB"}, "x >= 10737418240"),
        ({"metric": 'x{job="a"}', "operator": "equals", "threshold": 0}, 'x{job="a"} == 0'),
        ({"metric": "my.metric", "operator": "!=", "threshold": "80 %"}, '{"my.metric"} != 80'),
        ({"expression": "a + b", "operator": "<", "threshold": -1}, "(a + b) < -1"),
    ],
)
def test_values_and_thresholds_become_an_expression(
    settings: dict[str, Any], expected: str
) -> None:
    assert rule(**settings).condition == expected


def test_with_a_recovery_it_fires_until_that_holds() -> None:
    world = World()
    simple = rule(metric="used", operator=">", threshold="80 %", recovery="< 70")
    assert simple.recovered == "used < 70"
    group = living(world, "Full", simple)
    shown = []
    for number, value in enumerate([79, 81, 75, 70, 69, 75]):
        world.put(number * 15, "used", value)
        world.evaluate(group, number * 15)
        shown.append(states(group))
    assert shown == [[], ["firing"], ["firing"], ["firing"], [], []]
    assert told(world.sent[-1][1]).state == "inactive"


def test_rules_of_one_interval_are_a_group() -> None:
    quick = rule(expression="up == 0", every="5s")
    slow = rule(expression="up == 0", every="1m")
    found = declared_simple_groups({"A": quick, "B": slow, "C": quick})
    assert [(one.interval, [each.name for each in one.spec.rules]) for one in found] == [
        (5.0, ["A", "C"]),
        (60.0, ["B"]),
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "give metric or expression"),
        ({"metric": "a", "expression": "b"}, "give metric or expression"),
        ({"metric": "a"}, "no threshold"),
        ({"expression": "a", "operator": ">"}, "give both"),
        ({"expression": "a", "threshold": 1}, "give both"),
        ({"metric": "a", "operator": "above", "threshold": 1}, "operator"),
        ({"metric": "a", "operator": ">", "threshold": "many"}, "not a quantity"),
    ],
)
def test_what_is_no_rule_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        rule(**settings)


def test_what_is_wrong_in_a_book_is_told_with_its_place(tmp_path: Path) -> None:
    text = """alerts:
  rules:
    One: {expression: "up ==", message: "{{ $nope }}"}
    Two: {metric: up, operator: "<", threshold: 1, recovery: "> many more"}
    Three: {expression: "up[5m]", labels: {__name__: x, ok: "{{ end }}"}}
"""
    with pytest.raises(BookError) as caught:
        load(tmp_path, text)
    found = [
        (each.mark.line, each.mark.column, each.path, each.what) for each in caught.value.problems
    ]
    assert [each[:3] for each in found] == [
        (3, 23, "alerts.rules.One.expression"),
        (3, 41, "alerts.rules.One.message"),
        (4, 62, "alerts.rules.Two.recovery"),
        (5, 25, "alerts.rules.Three.expression"),
        (5, 43, "alerts.rules.Three.labels"),
        (5, 61, "alerts.rules.Three.labels.ok"),
    ]
    assert "not PromQL" in found[0][3]
    assert "$nope" in found[1][3]
    assert "gives a matrix" in found[3][3]


def test_checks_and_kpis_raise_alerts_unless_the_book_says_otherwise(tmp_path: Path) -> None:
    standard = load(tmp_path, "{}")
    assert standard.checks["down"] == standard.kpis["critical"] == "critical"
    off = load(tmp_path, "alerts: {checks: {}, kpis: {critical: page}}")
    assert (off.checks, off.kpis) == ({}, {"critical": "page"})
