"""Where the values of a statement stand in it: at each `:name` that is no text of its own."""

import re
from collections.abc import Callable

_PARTS = re.compile(
    r"""'(?:[^']|'')*' | "[^"]*" | --[^\n]* | (?<![:\w]):(?P<name>[A-Za-z_]\w*)""", re.VERBOSE
)
"""`::int` is a cast and `a[1:n]` a slice (PostgreSQL 4.2.9 and 8.15.3)."""


def value_names(statement: str) -> set[str]:
    return {found["name"] for found in _PARTS.finditer(statement) if found["name"]}


def with_names(statement: str, written: Callable[[str], str]) -> str:
    """The statement with each of its names written otherwise."""
    return _PARTS.sub(
        lambda found: written(found["name"]) if found["name"] else found[0], statement
    )
