"""What is believed: worse after confirmation, better at once, and nothing that flaps."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsbook.probes.check import Check
from opsbook.probes.model import Outcome, State
from opsbook.probes.probe import ProbeUnknownError
from tests.probes.checks import make_check

TARGET = {"host": "localhost", "port": 80}
SEEN = st.lists(st.sampled_from([State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN]), max_size=60)


def a_check(**settings: Any) -> Check:
    return make_check("tcp", TARGET, **settings)


def take(check: Check, *states: State, start: float = 0.0, step: float = 10.0) -> list[State]:
    """The states believed after each outcome."""
    believed = []
    for number, state in enumerate(states):
        check.take(Outcome(start + number * step, 0.001, state, ""))
        believed.append(check.state)
    return believed


UP, DEGRADED, DOWN, UNKNOWN = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN


def test_the_first_good_outcome_is_believed() -> None:
    assert take(a_check(), UP) == [UP]


def test_a_failure_at_the_start_is_unknown_until_it_is_confirmed() -> None:
    check = a_check()
    assert take(check, DOWN) == [UNKNOWN]
    assert check.waiting
    assert take(check, DOWN) == [DOWN]


def test_a_worse_state_is_believed_when_it_is_confirmed() -> None:
    assert take(a_check(confirm=3), UP, DOWN, DOWN, DOWN) == [UP, UP, UP, DOWN]


def test_one_failure_between_good_ones_is_not_believed() -> None:
    assert set(take(a_check(), UP, DOWN, UP, DOWN, UP)) == {UP}


def test_a_better_state_is_believed_at_once() -> None:
    assert take(a_check(confirm=1), UP, DOWN, DEGRADED, UP) == [UP, DOWN, DEGRADED, UP]


def test_while_a_worse_state_waits_the_check_says_so() -> None:
    check = a_check()
    take(check, UP, DOWN)
    assert check.waiting
    take(check, UP)
    assert not check.waiting


@given(SEEN, st.integers(1, 5))
def test_a_worse_state_is_never_believed_without_enough_bad_outcomes(
    seen: list[State], confirm: int
) -> None:
    believed = take(a_check(confirm=confirm, flapping={"changes": 1000}), UP, *seen)
    for index in range(1, len(believed)):
        if believed[index].severity > believed[index - 1].severity:
            recent = [UP, *seen][max(0, index - confirm + 1) : index + 1]
            assert len(recent) == confirm
            assert all(state.severity > believed[index - 1].severity for state in recent)


@given(SEEN)
def test_a_change_is_told_exactly_when_the_state_changes(seen: list[State]) -> None:
    check = a_check()
    for number, state in enumerate(seen):
        before = check.state
        told = check.take(Outcome(number * 10.0, 0.001, state, ""))
        assert told == (before if check.state is not before else None)


@given(SEEN)
def test_who_stays_well_long_enough_is_up_again(seen: list[State]) -> None:
    check = a_check()
    take(check, *seen)
    assert take(check, *[UP] * 40, start=1000)[-1] is UP
    assert not check.flapping


FLAPPING = {"changes": 4, "within": "10m", "until_steady": "60s"}


def test_one_that_flaps_is_held_in_the_worse_state() -> None:
    check = a_check(confirm=1, flapping=FLAPPING)
    believed = take(check, *[UP, DOWN] * 8)
    assert check.flapping
    assert believed[-8:] == [DOWN] * 8


def test_one_that_flapped_is_believed_again_when_it_is_steady() -> None:
    check = a_check(confirm=1, flapping=FLAPPING)
    take(check, *[UP, DOWN] * 8)
    believed = take(check, *[UP] * 10, start=1000)
    assert believed == [DOWN] * 6 + [UP] * 4
    assert not check.flapping


def test_slow_changes_are_no_flapping() -> None:
    check = a_check(confirm=1, flapping=FLAPPING)
    take(check, *[UP, DOWN] * 8, step=1000)
    assert not check.flapping


def test_a_missed_look_is_late_until_the_next_outcome() -> None:
    check = a_check()
    take(check, UP)
    assert check.miss(100) is UP
    assert check.state is State.LATE
    assert check.miss(101) is None
    assert take(check, DOWN, start=102) == [DOWN]


def test_an_error_does_not_hide_what_was_measured_before_it() -> None:
    check = a_check(conditions={"connect_seconds": {"below": 1}, "greeting": {"equals": "x"}})
    outcome = check.failed(0, 0.1, ProbeUnknownError("half of it", {"connect_seconds": 3.0}))
    assert outcome.state is DOWN
    assert outcome.message == "half of it; connect_seconds < 1 (is 3)"
    assert [each.actual for each in outcome.conditions] == [3.0]
