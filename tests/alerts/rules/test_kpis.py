"""Alerts of KPIs."""

from opsbook.alerts.rules.alerting import AlertingRule, Setting
from opsbook.alerts.rules.kpis import kpi_group
from opsbook.metrics.kpis.bands import KpiState
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.rules.group import Group
from tests.metrics.kpis.test_kpi import Scene
from tests.metrics.rules.kept import Kept

SEVERITIES = {KpiState.CRITICAL: "critical", KpiState.WARNING: "warning"}
SETTING = Setting(lambda expression, alerts: None)


def firing(group: Group) -> list[tuple[dict[str, str], dict[str, str], float]]:
    return [
        (dict(alert.labels), dict(alert.annotations), alert.value)
        for one in group.evaluations
        if isinstance(one.rule, AlertingRule)
        for alert in one.rule.alerts
    ]


def alerts(kpi: Kpi, **severities: str) -> Group:
    wanted = {KpiState(state): each for state, each in severities.items()} or SEVERITIES
    return kpi_group({kpi.name: kpi}, wanted, SETTING)


def test_a_kpi_in_a_band_is_an_alert_with_what_it_says(kept: Kept) -> None:
    scene = Scene(kept, description="share of good answers", unit="percent", window="30 days")
    group = alerts(scene.kpi)
    scene.at(1, score=95)
    kept.evaluate(group, 1)
    assert firing(group) == []
    scene.at(2, score=40)
    kept.evaluate(group, 2)
    assert firing(group) == [
        (
            {"alertname": "KpiWarning", "kpi": "k", "severity": "warning"},
            {
                "summary": "k is warning: 40 % is < 50 %",
                "description": "share of good answers",
                "target": "≥ 90 %",
                "window": "30 days",
            },
            40,
        )
    ]
    scene.at(3, score=5)
    kept.evaluate(group, 3)
    assert [labels["alertname"] for labels, _, _ in firing(group)] == ["KpiCritical"]


def test_what_cannot_be_evaluated_is_an_alert_where_that_is_wanted(kept: Kept) -> None:
    scene = Scene(kept)
    group, wanted = alerts(scene.kpi), alerts(scene.kpi, unknown="info")
    kept.evaluate(wanted, 0)
    assert firing(wanted) == []
    scene.at(1)
    for each in (group, wanted):
        kept.evaluate(each, 1)
    assert firing(group) == []
    ((labels, annotations, _),) = firing(wanted)
    assert labels == {"alertname": "KpiUnknown", "kpi": "k", "severity": "info"}
    assert annotations["summary"] == "k is unknown: no data: the expression found no series"


def test_its_expression_is_what_the_kpi_keeps_of_itself(kept: Kept) -> None:
    scene = Scene(kept)
    group = alerts(scene.kpi)
    scene.at(1, score=5)
    rules = [one.rule for one in group.evaluations if isinstance(one.rule, AlertingRule)]
    found = {rule.name: kept.ask(rule.spec.expr, kept.start + 1000).series for rule in rules}
    assert {name: len(series) for name, series in found.items()} == {
        "KpiCritical": 1,
        "KpiWarning": 0,
    }


def test_they_are_looked_at_as_often_as_the_soonest_is_evaluated(kept: Kept) -> None:
    assert alerts(Scene(kept, every="5s").kpi).interval == 5
    assert alerts(Scene(kept, every="1h").kpi).interval == 15
