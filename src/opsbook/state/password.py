"""What is kept of a password, and whether one fits it. Both block, for 30 ms."""

from functools import cache
from typing import TYPE_CHECKING

from opsbook.core.errors import BadInputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1000
"""Characters. The bound above is for whoever would have us hash a book."""
NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$CxLo00gPSmiB+5yJu3zFmQ"
    "$2EW7OkB9BvGWtQj+gxjtfSHr+oU8VfRkWskUK4pim9s"
)
"""What no password fits; to hold one against it takes as long as against any other."""


def kept_of(password: str) -> str:
    """Raises BadInputError, which does not repeat it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInputError(
            f"the password has {len(password)} characters; take {SHORTEST} to {LONGEST}, "
            "such as four or five words"
        )
    return _hasher().hash(password)


def fits(kept: str, password: str) -> bool:
    # Here, as in _hasher: whoever has nobody sign in need not wait 80 ms at each start.
    from argon2.exceptions import VerifyMismatchError

    try:
        return _hasher().verify(kept, password[: LONGEST + 1])
    except VerifyMismatchError:
        return False


@cache
def _hasher() -> "PasswordHasher":
    """OWASP's first choice for Argon2id: one thread and 19 MiB, beside a watch that goes on."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
