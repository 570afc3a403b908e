"""Names as templates can use them."""

import re

from opsbook.core.errors import BadInputError

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
RESERVED = frozenset({"steps", "run", "item", "alert", "incident"})
"""What templates know besides parameters."""


def word(value: str) -> str:
    """Raises ValueError."""
    if not _WORD.fullmatch(value):
        raise ValueError("not a word: use up to 64 letters, digits and underscores")
    return value


def parameter_name(value: str) -> str:
    """Raises BadInputError for a name that means something else."""
    if value in RESERVED:
        raise BadInputError(f"{value!r} is taken: name the parameter otherwise")
    return word(value)
