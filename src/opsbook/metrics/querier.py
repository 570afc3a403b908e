"""Who answers PromQL: an evaluator over a store, or a store that has a server evaluate it."""

from collections.abc import Callable
from functools import cache
from typing import Protocol, TypeGuard, runtime_checkable

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
    return store if _evaluates(store) else Engine(store, limits or Limits())


def _evaluates(store: Store) -> TypeGuard[Querier]:
    return _is_querier(type(store))


@cache
def _is_querier(kind: type[Store]) -> bool:
    """Asked of an object, with each query, it takes as long as a small query."""
    return issubclass(kind, Querier)
