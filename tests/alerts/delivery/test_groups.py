"""Alerts of one kind are told together, and none is lost on the way."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.delivery.groups import Groups
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.route import ALL, Branch, Route, plant
from opsbook.core.labels import labels_of

NOW = 1_700_000_000.0


def route(**settings: Any) -> Route:
    manner: dict[str, Any] = {"group_by": ("alertname",), "group_wait": 30.0} | settings
    return plant(Branch(receiver="team", group_interval=300.0, **manner))


def alert(started: float = 0, ends: float = 1000, **labels: str) -> Alert:
    return Alert(labels_of({"alertname": "Down", **labels}), (), NOW + started, NOW + ends, NOW)


def test_a_new_group_waits_for_more_of_its_kind() -> None:
    groups, tree = Groups(), route()
    groups.insert(tree, alert(instance="a"), NOW, 0.0)
    groups.insert(tree, alert(instance="b"), NOW + 10, 10.0)
    assert groups.next_due == 30.0
    assert groups.due(29.9) == []
    (group,) = groups.due(30.0)
    assert [dict(each.labels)["instance"] for each in group.in_order()] == ["a", "b"]


def test_an_alert_that_has_waited_already_is_told_at_once() -> None:
    groups = Groups()
    groups.insert(route(), alert(started=-31), NOW, 5.0)
    assert groups.next_due == 5.0


def test_a_group_is_told_again_after_its_interval_and_not_sooner() -> None:
    groups, tree = Groups(), route()
    groups.insert(tree, alert(), NOW, 0.0)
    groups.due(30.0)
    groups.insert(tree, alert(started=-500, instance="b"), NOW + 40, 40.0)
    assert groups.next_due == 330.0


def test_what_has_ended_goes_when_it_was_told() -> None:
    groups, tree = Groups(), route()
    group = groups.insert(tree, alert(instance="a"), NOW, 0.0)
    groups.insert(tree, alert(instance="b", ends=20), NOW, 0.0)
    groups.told(group, group.in_order(), NOW + 30)
    assert [dict(each.labels)["instance"] for each in group.in_order()] == ["a"]


def test_what_fires_again_while_its_end_is_told_stays() -> None:
    groups, tree = Groups(), route()
    group = groups.insert(tree, alert(ends=20), NOW, 0.0)
    told = group.in_order()
    groups.insert(tree, alert(ends=900), NOW + 30, 30.0)
    groups.told(group, told, NOW + 30)
    assert len(group.alerts) == 1


def test_an_empty_group_vanishes_and_is_not_due() -> None:
    groups = Groups()
    group = groups.insert(route(), alert(ends=20), NOW, 0.0)
    groups.told(group, group.in_order(), NOW + 30)
    assert len(groups) == 0
    assert groups.next_due is None


def test_three_dots_tell_each_alert_by_itself() -> None:
    groups, tree = Groups(), route(group_by=ALL)
    for name in "abc":
        groups.insert(tree, alert(instance=name), NOW, 0.0)
    assert len(groups.due(30.0)) == 3


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=30))
def test_every_alert_is_in_one_group_of_its_route(found: list[tuple[str, str]]) -> None:
    groups, tree = Groups(), route(group_by=("zone",))
    for name, zone in found:
        groups.insert(tree, alert(instance=name, zone=zone), NOW, 0.0)
    held = [fingerprint for group in groups for fingerprint in group.alerts]
    assert sorted(held) == sorted({alert(instance=n, zone=z).fingerprint for n, z in found})
    assert len(groups) == len({zone for _, zone in found})
    assert all(
        set(group.labels) <= set(each.labels) for group in groups for each in group.in_order()
    )
