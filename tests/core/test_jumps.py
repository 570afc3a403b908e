"""A clock on the wall that is set while we look at it."""

from opsbook.core.clock import ManualClock
from opsbook.core.jumps import Noticing, Steady


class Wall(ManualClock):
    def set(self, seconds: float) -> None:
        self._now += seconds


def test_a_jump_is_said_once_before_the_new_time() -> None:
    clock, heard = Wall(100.0), list[float]()
    noticing = Noticing(clock, heard.append)
    clock.advance(50)
    assert (noticing.now(), heard) == (150.0, [])
    clock.set(-3600)
    assert (noticing.now(), heard) == (-3450.0, [-3600.0])
    noticing.now()
    clock.set(10)
    noticing.now()
    assert heard == [-3600.0, 10.0]


def test_who_is_told_of_a_jump_may_ask_for_the_time() -> None:
    clock, seen = Wall(100.0), list[float]()
    noticing = Noticing(clock, lambda _: seen.append(noticing.now()))
    clock.set(60)
    noticing.now()
    assert seen == [160.0]


def test_what_clocks_are_set_by_all_the_time_is_no_jump() -> None:
    clock, heard = Wall(100.0), list[float]()
    noticing = Noticing(clock, heard.append)
    for _ in range(100):
        clock.set(0.5)
        noticing.now()
    assert heard == []


def test_a_steady_time_passes_whatever_is_set() -> None:
    clock = Wall(100.0)
    steady = Steady(clock)
    clock.set(3600)
    clock.advance(5)
    assert steady.now() == 105.0
