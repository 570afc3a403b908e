"""Whatever the history: the rules hold, and no good backup is lost by them."""

from hypothesis import given
from hypothesis import strategies as st

from opsbook.backups.retention import Past, Retention, decide

DAY = 86_400.0
NOW = 1_700_000_000.0
COUNTS = ("last", "daily", "weekly", "monthly", "yearly", "at_least")

pasts = st.lists(
    st.builds(
        lambda age, verified, damaged: (age, verified and not damaged, damaged),
        st.floats(0, 1000 * DAY),
        st.booleans(),
        st.booleans(),
    ),
    max_size=40,
).map(
    lambda given: [
        Past(f"{number:03}", NOW - age, verified, damaged)
        for number, (age, verified, damaged) in enumerate(given)
    ]
)
rules = st.builds(
    Retention.model_validate,
    st.fixed_dictionaries(
        {name: st.integers(0, 10) for name in COUNTS[:-1]}
        | {
            "at_least": st.integers(1, 6),
            "for": st.one_of(st.none(), st.integers(1, 400).map(lambda days: f"{days}d")),
        }
    ),
)


def kept(history: list[Past], rule: Retention, now: float = NOW) -> list[Past]:
    keep = {each.id for each in decide(history, rule, now) if each.keep}
    return [each for each in history if each.id in keep]


def good(some: list[Past]) -> list[Past]:
    return sorted((each for each in some if not each.damaged), key=lambda each: (each.at, each.id))


@given(pasts, rules)
def test_each_backup_gets_one_decision_with_a_reason(history: list[Past], rule: Retention) -> None:
    decided = decide(history, rule, NOW)
    assert sorted(each.id for each in decided) == [each.id for each in history]
    assert all(each.reason for each in decided)


@given(pasts, rules)
def test_never_fewer_than_at_least_good_ones_remain(history: list[Past], rule: Retention) -> None:
    assert len(good(kept(history, rule))) >= min(rule.at_least, len(good(history)))


@given(pasts, rules)
def test_the_newest_good_one_always_remains(history: list[Past], rule: Retention) -> None:
    assert good(history)[-1:] == good(kept(history, rule))[-1:]


@given(pasts, rules)
def test_the_newest_verified_one_always_remains(history: list[Past], rule: Retention) -> None:
    verified = [each for each in good(history) if each.verified]
    assert all(each in kept(history, rule) for each in verified[-1:])


@given(pasts, rules)
def test_what_was_kept_is_kept_again(history: list[Past], rule: Retention) -> None:
    once = kept(history, rule)
    assert kept(once, rule) == once


@given(pasts, rules, st.sampled_from(COUNTS), st.integers(1, 5))
def test_a_greater_number_never_removes_more_good_ones(
    history: list[Past], rule: Retention, name: str, more: int
) -> None:
    if not rule.says_something:
        return
    greater = rule.model_copy(update={name: getattr(rule, name) + more})
    assert {each.id for each in good(kept(history, rule))} <= {
        each.id for each in kept(history, greater)
    }


@given(pasts)
def test_without_a_rule_nothing_goes(history: list[Past]) -> None:
    assert kept(history, Retention()) == history


@given(pasts, rules)
def test_what_is_young_enough_stays(history: list[Past], rule: Retention) -> None:
    young = [each for each in history if NOW - each.at <= (rule.keep_for or -1)]
    assert all(each in kept(history, rule) for each in young)


def test_grandfather_father_and_son_are_kept() -> None:
    history = [Past(f"{age:03}", NOW - age * DAY) for age in range(400)]
    rule = Retention(daily=7, weekly=4, monthly=12)
    remaining = kept(history, rule)
    assert [each.id for each in remaining[:7]] == [f"{age:03}" for age in range(7)]
    assert 17 <= len(remaining) <= 23
    assert NOW - min(each.at for each in remaining) > 300 * DAY


def test_a_damaged_one_counts_for_nothing_and_goes_last() -> None:
    history = [Past("1", NOW - 9 * DAY), Past("2", NOW, damaged=True)]
    rule = Retention(last=1, at_least=1)
    assert [each.id for each in kept(history, rule)] == ["1"]
    assert [each.id for each in kept(history[1:], rule)] == ["2"]
