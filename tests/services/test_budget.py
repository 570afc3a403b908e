"""The restart budget."""

from hypothesis import given
from hypothesis import strategies as st

from opsbook.services.budget import Budget
from opsbook.services.settings import RestartPolicy

POLICY = RestartPolicy.model_validate({"at_most": 3, "per": "1h", "backoff": ["0s", "5s", "30s"]})


def test_waits_grow_until_the_budget_is_spent() -> None:
    budget = Budget(POLICY)
    assert [budget.take(float(second)) for second in range(5)] == [0, 5, 30, None, None]


def test_restarts_of_an_hour_ago_do_not_count() -> None:
    budget = Budget(POLICY, history=[0.0, 10.0, 3000.0])
    assert budget.left(3599.0) == 0
    assert budget.left(3605.0) == 1
    assert budget.take(3605.0) == 0


def test_a_restart_that_was_given_back_was_not_taken() -> None:
    budget = Budget(POLICY)
    budget.take(0.0)
    assert budget.take(1.0) == 5
    budget.give_back()
    assert budget.left(1.0) == 2
    assert budget.take(2.0) == 5


def test_one_that_lasted_begins_again_with_the_first_wait() -> None:
    budget = Budget(POLICY)
    budget.take(0.0)
    budget.lasted(59.9)
    assert budget.take(1.0) == 5
    budget.lasted(60.0)
    assert budget.take(2.0) == 0


@given(st.lists(st.floats(0, 100_000), max_size=60), st.integers(0, 5))
def test_no_hour_has_more_restarts_than_allowed(moments: list[float], at_most: int) -> None:
    budget = Budget(RestartPolicy(at_most=at_most))
    taken = [moment for moment in sorted(moments) if budget.take(moment) is not None]
    for moment in taken:
        assert sum(moment <= other < moment + 3600 for other in taken) <= at_most


def test_restarts_of_a_clock_that_was_a_day_ahead_do_not_count() -> None:
    policy = RestartPolicy.model_validate({"at_most": 1, "per": "1h"})
    assert Budget(policy, [100_000.0]).left(10_000.0) == 1
    assert Budget(policy, [10_600.0]).left(10_000.0) == 0
