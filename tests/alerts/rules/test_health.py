"""Rules that say nothing because nothing is measured."""

from pathlib import Path

import pytest

from opsbook.alerts.rules.alerting import AlertingRule, Setting
from opsbook.alerts.rules.health import HealthOfRules, RuleHealth, selector_text, selectors
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.recording import RecordingRule
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec
from tests.metrics.rules.kept import Kept


def health(
    kept: Kept, *expressions: str, within: float = 60, second: float = 100
) -> list[RuleHealth]:
    group = GroupSpec(name="g")
    setting = Setting(lambda expression, alerts: None)
    rules = [
        AlertingRule(group, RuleSpec(alert=f"a{n}", expr=expression), 15, setting)
        for n, expression in enumerate(expressions)
    ]
    living = Group("f", group, 15, rules)
    kept.evaluate(living, second)
    asked = HealthOfRules(kept.store, Engine(kept.store), within)
    return asked.of([living.status], kept.start + round(second * 1000))


@pytest.fixture
def measured(tmp_path: Path) -> Kept:
    kept = Kept(tmp_path / "store")
    kept.put(0, old=1)
    kept.put(90, up={"a": 1, "b": 1})
    return kept


def test_each_rule_says_how_far_it_can_be_trusted(measured: Kept) -> None:
    found = health(measured, "up == 0", "never == 0", "old == 0", "up[5m]")
    assert [each.standing for each in found] == ["ok", "never had data", "no data", "error"]
    assert found[3].error
    measured.store.close()


def test_every_selector_is_told_by_itself(measured: Kept) -> None:
    (found,) = health(measured, 'up{job="a"} / on () (never{x=~"y"} or old)')
    assert [(each.text, each.ever, each.lately) for each in found.selectors] == [
        ('up{job="a"}', True, True),
        ('never{x=~"y"}', False, False),
        ("old", True, False),
    ]
    measured.store.close()


def test_a_rule_that_asks_for_what_is_not_there_needs_no_data(measured: Kept) -> None:
    (found,) = health(measured, "absent(never) or absent_over_time(never[5m])")
    assert (found.standing, found.selectors) == ("ok", ())
    measured.store.close()


def test_recording_rules_are_among_them_and_before_the_first_evaluation_nothing_is_known(
    measured: Kept,
) -> None:
    spec = GroupSpec(name="g")
    group = Group("f", spec, 15, [RecordingRule(spec, RuleSpec(record="r", expr="up"))])
    asked = HealthOfRules(measured.store, Engine(measured.store), 60)
    (found,) = asked.of([group.status], measured.start + 100_000)
    assert found.standing == "not evaluated"
    measured.store.close()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('up{a!="b", c=~"d|e", f!~"g"}', ['up{a!="b", c=~"d|e", f!~"g"}']),
        ('{__name__=~"x.*", a=""}', ['{__name__=~"x.*", a=""}']),
        ('{"my.name", "my.label"="\\"\\n"}', ['{"my.name", "my.label"="\\"\\n"}']),
        ("sum(rate(a[5m] offset 1h)) by (x) > 2 * max_over_time(b[1h:1m])", ["a", "b"]),
        ("-a + a @ 5 + topk(scalar(c), a)", ["a", "c"]),
        ("vector(1)", []),
    ],
)
def test_selectors_are_found_and_written_as_they_are_read(
    expression: str, expected: list[str]
) -> None:
    texts = [selector_text(each) for each in selectors(expression)]
    assert sorted(texts) == expected
    for text, matchers in zip(texts, selectors(expression), strict=True):
        assert {*selectors(text)[0]} == {*matchers}
        parse(text)
