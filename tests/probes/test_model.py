"""States."""

from itertools import permutations

from opsbook.probes.model import State, worst


def test_nothing_looked_at_is_unknown() -> None:
    assert worst([]) is State.UNKNOWN


def test_the_worst_does_not_depend_on_the_order() -> None:
    for order in permutations([State.UP, State.DEGRADED, State.UNKNOWN]):
        assert worst(order) is State.UNKNOWN
    assert worst([State.UNKNOWN, State.DOWN, State.LATE]) is State.DOWN
