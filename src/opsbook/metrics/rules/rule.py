"""What a group evaluates: recording rules here, other kinds of rules above."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping

from opsbook.core.labels import Labels
from opsbook.metrics.promql.result import Result

Ask = Callable[[str, int], Result]
"""Evaluates an expression at a time in ms. Raises QueryError, also when there is no more time."""
Samples = Mapping[Labels, float]


class Rule(ABC):
    """One step of a group. Its group calls it from one thread at a time, never the event loop's."""

    name: str

    @property
    @abstractmethod
    def identity(self) -> Hashable:
        """What it shares with itself after the files were read again."""

    @abstractmethod
    def evaluate(self, at: int, ask: Ask) -> Samples:
        """The samples to be kept at `at`, ms since 1970: the time of the evaluation less the
        group's query offset. What was given the last time and is not now gets a staleness marker.

        Raises OpsbookError: nothing is kept then, and what was there is not ended either.
        """

    def adopt(self, before: "Rule") -> None:  # noqa: B027 - most rules remember nothing
        """Go on where the same rule was before the files were read again."""

    def retire(self, at: int) -> None:  # noqa: B027 - and have nothing to end
        """It is in none of the groups any more; `at` in ms."""
