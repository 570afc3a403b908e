"""What is kept of a password."""

import time

import pytest

from opsbook.core.errors import BadInputError
from opsbook.state.password import NOBODYS, fits, kept_of

GOOD = "correct horse battery staple"


def test_a_password_fits_what_is_kept_of_it_and_no_other_does() -> None:
    kept = kept_of(GOOD)
    assert fits(kept, GOOD)
    assert not fits(kept, GOOD + " ")
    assert not fits(kept, "")


def test_what_is_kept_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = kept_of(GOOD), kept_of(GOOD)
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1001])
def test_what_is_too_short_or_too_long_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(BadInputError, match=r"characters; take 12 to 1000") as refused:
        kept_of(password)
    assert not password or password not in str(refused.value)


def test_nobodys_takes_as_long_as_anybodys() -> None:
    kept = kept_of(GOOD)

    def least(held: str) -> float:
        times = []
        for _ in range(7):
            began = time.perf_counter()
            assert not fits(held, "some other password")
            times.append(time.perf_counter() - began)
        return min(times)

    assert 0.5 < least(NOBODYS) / least(kept) < 2
