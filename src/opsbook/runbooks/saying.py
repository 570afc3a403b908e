"""How much of who and why is kept: it stands in many places, and people read all of it."""

from opsbook.core.errors import BadInputError
from opsbook.state.people import Person

LONGEST_NAME = 200
LONGEST_WHY = 2000
"""Characters."""


def fit(by: Person, why: str) -> None:
    """Raises BadInputError for a name or reason that is too long."""
    if not by.name.strip():
        raise BadInputError("the name of who asks is missing: say who")
    if len(by.name) > LONGEST_NAME:
        raise BadInputError(
            f"the name {by.name[:20]!r}… has {len(by.name)} characters: at most {LONGEST_NAME}"
        )
    if len(why) > LONGEST_WHY:
        raise BadInputError(
            f"the reason {why[:20]!r}… has {len(why)} characters: at most {LONGEST_WHY}; "
            "write where the rest can be read"
        )
