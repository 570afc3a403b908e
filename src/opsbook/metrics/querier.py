"""Who answers PromQL: an evaluator over a store, or a store that has a server evaluate it."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.promql.result import Result
from opsbook.metrics.store import Store


def never() -> bool:
    return False


@runtime_checkable
class Querier(Protocol):
    """Evaluates expressions. Times and steps in ms; blocks; raises QueryError.

    `cancelled` is asked now and then, and ends the query where it says so.
    """

    def instant(
        self, expression: str, at: int, *, cancelled: Callable[[], bool] = never
    ) -> Result: ...

    def range(
        self,
        expression: str,
        start: int,
        end: int,
        step: int,
        *,
        cancelled: Callable[[], bool] = never,
    ) -> Result: ...


def querier(store: Store, limits: Limits | None = None) -> Querier:
    """The store itself where it can evaluate; else our own evaluator over it."""
    return store if isinstance(store, Querier) else Engine(store, limits or Limits())
