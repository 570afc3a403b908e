"""Alerting rules: pending, firing, ended; what is told, and what is kept of them."""

import pytest

from opsbook.alerts.rules.alerting import Setting
from opsbook.alerts.rules.texts import Surroundings
from opsbook.core.labels import labels_of
from tests.alerts.rules.world import START, World, rule_of, states

HOT = "temperature > 80"


def hot(world: World, *values: float, every: float = 15) -> None:
    for number, value in enumerate(values):
        world.put(number * every, "temperature", value, room="a")


def test_it_fires_when_it_was_so_for_long_enough() -> None:
    world = World()
    hot(world, *[90] * 10)
    rule = world.rule(expr=HOT, hold="1m")
    assert world.run(rule, 0, 15, 30, 45) == []
    assert states(rule) == ["pending"]
    (told,) = world.evaluate(rule, 60)
    assert (told.state, told.fired, told.ends) == ("firing", 60, 60 + 240)
    assert told.labels == {"alertname": "A", "room": "a"}


def test_what_was_pending_and_is_not_so_any_more_is_told_to_nobody() -> None:
    world = World()
    hot(world, 90, 90, 70, 90)
    rule = world.rule(expr=HOT, hold="30s")
    assert world.run(rule, 0, 15, 30, 45) == []
    assert states(rule) == ["pending"]


def test_it_is_told_again_each_minute_and_once_at_once_when_it_ends() -> None:
    world = World()
    hot(world, *[90] * 9, *[70] * 80)
    rule = world.rule(expr=HOT)
    told = world.run(rule, *range(0, 166, 15))
    assert [(at, each.state) for at, each in told] == [
        (0, "firing"),
        (75, "firing"),
        (135, "inactive"),
    ]
    assert told[-1][1].ends == 135


def test_its_end_is_told_for_a_quarter_of_an_hour() -> None:
    world = World()
    hot(world, 90, *[70] * 100)
    rule = world.rule(expr=HOT)
    told = world.run(rule, *range(0, 1400, 15))
    ends = [at for at, each in told if each.state == "inactive"]
    assert ends[0] == 15
    assert {each.ends for _, each in told if each.state == "inactive"} == {15}
    assert 15 + 840 <= ends[-1] <= 15 + 915


def test_long_intervals_are_believed_for_longer() -> None:
    world = World()
    hot(world, 90)
    (told,) = world.evaluate(world.rule(expr=HOT, interval=120.0), 0)
    assert told.ends == 480


def test_it_is_kept_firing() -> None:
    world = World()
    hot(world, 90, 70, 70, 70, 70)
    rule = world.rule(expr=HOT, keep_firing_for="30s")
    world.run(rule, 0, 15, 30)
    (shown,) = rule_of(rule).alerts
    assert (shown.state, shown.keep_firing_since) == ("firing", START / 1000 + 15)
    (_, ended), *_ = world.run(rule, 45)
    assert ended.state == "inactive"


def test_the_series_of_its_alerts_are_kept_and_ended() -> None:
    world = World()
    hot(world, 90, 90, 70)
    rule = world.rule(expr=HOT, labels={"severity": "page"}, hold="15s")
    kept = []
    for second in (0, 15, 30):
        world.evaluate(rule, second)
        found = world.ask('{__name__=~"ALERTS.*"}', world.samples.now).series
        kept.append({labels_of(dict(one.labels)): float(one.values[0]) for one in found})
    own = {"alertname": "A", "room": "a", "severity": "page"}
    state = labels_of({"__name__": "ALERTS_FOR_STATE", **own})
    assert kept == [
        {labels_of({"__name__": "ALERTS", "alertstate": "pending", **own}): 1, state: START / 1000},
        {labels_of({"__name__": "ALERTS", "alertstate": "firing", **own}): 1, state: START / 1000},
        {},
    ]


def test_templates_are_expanded_with_what_is_around() -> None:
    world = World()
    hot(world, 90.5)
    around = Surroundings(labels_of({"cluster": "eu"}), "http://ops")
    rule = world.rule(
        expr=HOT,
        setting=Setting(lambda expression, alerts: None, around),
        labels={"room": "", "of": "{{ $labels.room }} in {{ $externalLabels.cluster }}"},
        annotations={"a": '{{ $value }} of {{ query "count(temperature)" | first | value }}'},
    )
    world.evaluate(rule, 0)
    (alert,) = rule_of(rule).alerts
    assert dict(alert.labels) == {"alertname": "A", "of": "a in eu"}
    assert dict(alert.annotations) == {"a": "90.5 of 1"}


def test_annotations_and_the_value_are_the_latest() -> None:
    world = World()
    hot(world, 90, 95)
    rule = world.rule(expr=HOT, annotations={"is": "{{ $value }}"})
    world.run(rule, 0, 15)
    (alert,) = rule_of(rule).alerts
    assert (dict(alert.annotations), alert.value) == ({"is": "95"}, 95)


def test_two_series_that_become_one_alert_are_an_error() -> None:
    world = World()
    world.put(0, "temperature", 90, room="a")
    world.put(0, "temperature", 90, room="b")
    rule = world.rule(expr=HOT, labels={"room": "all"})
    world.evaluate(rule, 0)
    assert rule.status.rules[0].error == (
        "vector contains metrics with the same labelset after applying alert labels"
    )


def test_beyond_the_limit_all_are_forgotten() -> None:
    world = World()
    for room in "abc":
        world.put(0, "temperature", 90, room=room)
    rule = world.rule(expr=HOT, group={"limit": 2})
    assert world.evaluate(rule, 0) == []
    assert rule.status.rules[0].error == "exceeded limit of 2 with 3 alerts"
    assert states(rule) == []


def test_a_range_is_no_alert() -> None:
    world = World()
    hot(world, 90)
    rule = world.rule(expr="temperature[5m]")
    world.evaluate(rule, 0)
    assert rule.status.rules[0].error == "rule result is not a vector or scalar"


def test_what_fires_is_told_on_while_the_expression_cannot_be_evaluated() -> None:
    world = World()
    hot(world, 90)
    rule = world.rule(expr=HOT)
    world.evaluate(rule, 0)
    world.broken = True
    told = world.run(rule, *range(15, 300, 15))
    assert {each.state for _, each in told} == {"firing"}
    assert max(each.ends for _, each in told) > 285 + 150
    assert states(rule) == ["firing"]
    assert rule.status.rules[0].error == "the store is away"


def test_with_an_offset_its_samples_stand_back_and_its_alerts_do_not() -> None:
    world = World()
    world.put(0, "temperature", 90)
    rule = world.rule(expr=HOT, group={"query_offset": "30s"})
    (told,) = world.evaluate(rule, 30)
    assert told.fired == 30
    found = world.ask("timestamp(ALERTS)", world.samples.now).series
    assert [float(one.values[0]) for one in found] == [START / 1000]


def test_it_recovers_when_its_recovery_holds_and_not_before() -> None:
    world = World()
    for room, values in {"a": [90, 75, 65], "b": [90, 75, 75]}.items():
        for number, value in enumerate(values):
            world.put(number * 15, "temperature", value, room=room)
    rule = world.rule(expr=HOT, recovery="temperature < 70", labels={"severity": "page"})
    world.run(rule, 0, 15)
    assert states(rule) == ["firing", "firing"]
    (_, told), *_ = world.run(rule, 30)
    assert (told.state, told.labels["room"]) == ("inactive", "a")
    assert states(rule) == ["firing"]


def test_a_series_that_is_gone_has_not_recovered() -> None:
    world = World()
    hot(world, 90)
    rule = world.rule(expr=HOT, recovery="temperature < 70")
    world.run(rule, 0, 600)
    assert states(rule) == ["firing"]


def test_a_recovery_without_labels_is_that_of_all() -> None:
    world = World()
    hot(world, 90, 75, 75)
    world.put(30, "calm", 1)
    rule = world.rule(expr=HOT, recovery="sum(calm) == 1")
    world.run(rule, 0, 15)
    assert states(rule) == ["firing"]
    world.evaluate(rule, 30)
    assert states(rule) == []


def test_a_rule_that_is_gone_ends_its_alerts_and_says_why() -> None:
    world = World()
    hot(world, 90)
    rule = world.rule(expr=HOT, annotations={"summary": "hot"})
    world.evaluate(rule, 0)
    rule_of(rule).retire(START + 5_000)
    ended = world.sent[-1][1]
    assert (ended.state, ended.resolved_at) == ("inactive", START + 5_000)
    assert dict(ended.annotations) == {"summary": "hot", "ended": "its rule was removed"}
    assert states(rule) == []


def test_the_same_rule_goes_on_when_the_files_are_read_again() -> None:
    world = World()
    hot(world, *[90] * 6)
    before = world.rule(expr=HOT, hold="1m")
    world.run(before, 0, 15, 30)
    after = world.rule(expr="temperature > 85", hold="1m")
    after.adopt(before.evaluations)
    assert states(after) == ["pending"]
    ((at, told),) = world.run(after, 45, 60)
    assert (at, told.state) == (60, "firing")


@pytest.mark.parametrize("labels", [{"severity": "page"}, {}])
def test_a_rule_is_the_same_by_its_name_and_labels(labels: dict[str, str]) -> None:
    world = World()
    one, other = (world.rule(expr=HOT, labels=each) for each in ({}, labels))
    assert (rule_of(one).identity == rule_of(other).identity) is (not labels)
