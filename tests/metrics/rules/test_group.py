"""Groups: order, grid, query offset."""

import pytest

from opsbook.metrics.rules.group import Group
from tests.metrics.rules.kept import Kept, group

NOW = 1_700_000_000_123


def test_a_later_rule_sees_what_an_earlier_one_gave_at_the_same_time(kept: Kept) -> None:
    kept.put(0, up={"a": 1, "b": 1})
    chain = group(
        [
            {"record": "one", "expr": "sum(up)"},
            {"record": "two", "expr": "one * 10"},
            {"record": "three", "expr": "two + one"},
        ]
    )
    kept.evaluate(chain, 1)
    assert kept.found("three") == {"three": [(1, 22.0)]}


def test_an_earlier_rule_sees_what_a_later_one_gave_the_last_time(kept: Kept) -> None:
    chain = group(
        [{"record": "count", "expr": "seen + 1"}, {"record": "seen", "expr": "count or vector(0)"}]
    )
    for second in range(4):
        kept.evaluate(chain, second)
    assert kept.found("count") == {"count": [(1, 1.0), (2, 2.0), (3, 3.0)]}


def test_a_rule_that_fails_keeps_none_of_the_others_back(kept: Kept) -> None:
    broken = group([{"record": "bad", "expr": "up[5m]"}, {"record": "good", "expr": "1"}])
    kept.evaluate(broken, 1)
    assert [each.health for each in broken.status.rules] == ["err", "ok"]
    assert kept.found("good") == {"good": [(1, 1.0)]}


def test_with_an_offset_the_rules_look_back_and_their_samples_stand_there(kept: Kept) -> None:
    kept.put(0, up={"a": 1})
    kept.put(4, up={"a": 5})
    kept.evaluate(group([{"record": "r", "expr": "up"}], query_offset="3s"), 5)
    assert kept.found("r") == {'r{job="a"}': [(2, 1.0)]}


def test_it_ends_between_two_rules_when_it_is_stopped(kept: Kept) -> None:
    two = group([{"record": "one", "expr": "1"}, {"record": "two", "expr": "2"}])
    answers = iter([False, True])
    two.evaluate(kept.start, kept.ask, kept.store, lambda: next(answers))
    assert [each.health for each in two.status.rules] == ["ok", "unknown"]
    assert two.status.evaluated == 0


@pytest.mark.parametrize("interval", [0.5, 1.0, 60.0, 3600.0])
def test_the_grid_is_the_same_whenever_one_looks(interval: float) -> None:
    step = int(interval * 1000)
    due = group([], interval=interval).next_after(NOW)
    assert 0 < due - NOW <= step
    assert group([], interval=interval).next_after(due - 1) == due
    assert group([], interval=interval).next_after(due) == due + step
    assert group([], interval=interval).next_after(NOW - 7 * step) == due - 7 * step


def test_groups_are_spread_over_the_interval() -> None:
    shifts = {group([], name=f"g{n}", interval=60).next_after(NOW) % 60_000 for n in range(200)}
    assert len(shifts) > 190
    assert max(shifts) - min(shifts) > 50_000
    assert group([], file="other", interval=60).next_after(NOW) != group(
        [], interval=60
    ).next_after(NOW)


@pytest.mark.parametrize(
    ("ended", "then", "missed"),
    [
        (10, 1000, 0),
        (999, 1000, 0),
        (1000, 1000, 0),
        (1900, 1000, 0),
        (2500, 2000, 1),
        (5100, 5000, 4),
    ],
)
def test_what_is_late_by_less_than_an_interval_is_made_good_and_the_rest_is_missed(
    ended: int, then: int, missed: int
) -> None:
    one = group([])
    assert one.follow(NOW, NOW + ended) == NOW + then
    assert one.missed == missed


def test_a_clock_that_was_set_back_starts_a_new_grid() -> None:
    one = group([])
    back = NOW - 3_600_000
    assert 0 < one.follow(NOW, back) - back <= 1000
    assert one.missed == 0


def test_a_rule_is_the_same_by_its_name_and_labels(kept: Kept) -> None:
    before = group(
        [{"record": "a", "expr": "1"}, {"record": "b", "expr": "2", "labels": {"x": "y"}}]
    )
    kept.evaluate(before, 1)
    after = group(
        [
            {"record": "b", "expr": "3", "labels": {"x": "y"}},
            {"record": "a", "expr": "1", "labels": {"l": "m"}},
        ]
    )
    left = after.adopt(before.evaluations)
    assert [one.rule.name for one in left] == ["a"]
    assert [one.health for one in after.status.rules] == ["ok", "unknown"]
    assert not Group.same_as(before, after)
