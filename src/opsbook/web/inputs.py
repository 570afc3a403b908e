"""What requests may say: lengths and ranges that every room below can take.

A database takes no NUL, JSON has no infinity, and SQLite's integers have 64 bits.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, Field

_MOST_SECONDS = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

_MOST_DEPTH = 20


def _storable(value: Any) -> Any:
    """Half a surrogate pair is no text, and NUL ends one in PostgreSQL."""
    if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        raise ValueError("not a text: it has a NUL or half a surrogate pair; leave that out")
    return value


Sane = BeforeValidator(_storable)
Text = Annotated[str, Sane, Field(max_length=10_000)]
"""A few sentences; may be empty."""
FullText = Annotated[str, Sane, Field(min_length=1, max_length=10_000)]
"""The same, and something must be said."""
Word = Annotated[str, Sane, Field(max_length=500)]
"""A name, an id, a label; may be empty."""
BookName = Annotated[str, Sane, Path(min_length=1, max_length=200)]
"""The name of something in the book, or the id of something that Opsbook made, in a path."""
Asked = Annotated[str, Sane, Query(max_length=500)]
"""A name that is looked for; empty for all."""
Why = Annotated[str, Sane, Field(min_length=1, max_length=1_000)]
By = Annotated[str, Sane, Field(max_length=100, description="whom an admin acts for")]
ByQuery = Annotated[str, Sane, Query(max_length=100, description="whom an admin acts for")]
Most = Annotated[int, Query(ge=1, le=1_000)]
Position = Annotated[int, Query(ge=0, le=2**53)]
SecondsQuery = Annotated[float, Query(ge=0, le=_MOST_SECONDS, allow_inf_nan=False)]
"""A moment, in seconds since 1970."""
LONGEST = 10 * 366 * 86_400.0
Lasting = Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)]
"""A length of time, in seconds."""


def _shallow(value: Any) -> Any:
    _check(value, _MOST_DEPTH)
    return value


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"nested more than {_MOST_DEPTH} levels deep")
    if isinstance(value, dict):
        for key, each in value.items():
            _storable(key)
            _check(each, depth - 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth - 1)
    else:
        _storable(value)


Given = Annotated[dict[str, Any], AfterValidator(_shallow), Field(max_length=200)]
"""Values by name, of any kind that JSON has."""
