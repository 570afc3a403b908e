"""Codes in links."""

from opsbook.core.clock import ManualClock
from opsbook.state.people import Person, Role
from opsbook.web.codes import LASTS, Codes

ADA = Person("ada", Role.ADMIN)


def test_a_code_is_good_once_and_only_whole() -> None:
    codes = Codes(ManualClock())
    code = codes.issue(ADA)
    assert codes.take(code[:-1]) is None
    assert (codes.take(code), codes.take(code)) == (ADA, None)


def test_a_code_ends_by_itself() -> None:
    clock = ManualClock()
    codes = Codes(clock)
    first, second = codes.issue(ADA), codes.issue(ADA)
    clock.advance(LASTS - 1)
    assert codes.take(first) == ADA
    clock.advance(1)
    assert codes.take(second) is None


def test_a_hundred_are_kept_and_none_as_it_is() -> None:
    codes = Codes(ManualClock())
    made = [codes.issue(ADA) for _ in range(101)]
    assert not any(code in repr(vars(codes)) for code in made)
    assert codes.take(made[0]) is None
    assert codes.take(made[1]) == ADA
