"""What a step can do in a database, whichever it is."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from opsbook.core.errors import OpsbookError

MOST_ROWS_KEPT = 100
MOST_ROWS_COUNTED = 10_000
"""Of a statement that reads: it is stopped there."""

Bound: TypeAlias = "str | int | float | bool | None"


class DatabaseFailedError(OpsbookError):
    """The database refused or cannot be reached; nothing was changed."""


class CommitLostError(OpsbookError):
    """The connection was lost while the database committed: nobody knows whether it did."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with `:name` for each of its values."""

    text: str
    values: Mapping[str, Bound]
    reads: bool
    """It is run where nothing can be changed."""
    within: float
    """Seconds after which the server stops it by itself."""
    locks_within: float
    """Seconds to wait for others who hold what it needs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave."""

    count: int
    """Rows that it gave, or changed where it gives none."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """The first of them, column → value."""


Accept: TypeAlias = Callable[[Answer], Awaitable[None]]
"""Asked before a change is committed; what it raises leaves everything as it was."""


class Database(ABC):
    @abstractmethod
    async def carry_out(self, statement: Statement, accept: Accept) -> Answer:
        """One transaction. Cancelled, it stops the statement and changes nothing.

        Raises DatabaseFailedError, CommitLostError and what `accept` raises.
        """
