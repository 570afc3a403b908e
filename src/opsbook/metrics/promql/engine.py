"""The engine: an expression and a time or a range go in, a result comes out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Queryable, Unchanged
from opsbook.metrics.promql.errors import bad_query, failed
from opsbook.metrics.promql.evaluate import Evaluator
from opsbook.metrics.promql.nodes import Node, Text, type_of
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.promql.query import Grid, Limits, Query
from opsbook.metrics.promql.result import Result, Series, series_of
from opsbook.metrics.promql.vector import SAME_LABELS, named, single, without_name
from opsbook.metrics.promql.windows import Windows

_DEFAULT = Limits()
_EARLIEST = -(2**53)
"""Times beyond 2**53 ms could not be told apart as seconds in a float."""


def _never() -> bool:
    return False


@contextmanager
def _numbers() -> Iterator[None]:
    """Infinities and NaN are values like others; a tree too deep to walk is the query's fault."""
    try:
        with np.errstate(all="ignore"):
            yield
    except RecursionError:
        raise bad_query("1:1: parse error: the expression is nested too deeply") from None


class Engine:
    """Evaluates PromQL over whatever can be selected from. Holds no state of its queries."""

    def __init__(self, queryable: Queryable, limits: Limits = _DEFAULT) -> None:
        self._queryable = queryable
        self._limits = limits

    def instant(
        self, expression: str, at: int, *, cancelled: Callable[[], bool] = _never
    ) -> Result:
        """At one time, in ms since 1970. Raises QueryError."""
        node = parse(expression)
        query = self._query(at, at, 0, cancelled)
        grid = Grid(np.array([at], dtype=np.int64))
        with _numbers():
            return self._instant(node, query, grid)

    def range(
        self,
        expression: str,
        start: int,
        end: int,
        step: int,
        *,
        cancelled: Callable[[], bool] = _never,
    ) -> Result:
        """At start, start + step, … up to end, in ms since 1970. Raises QueryError."""
        node = parse(expression)
        type_ = type_of(node)
        if type_ not in ("scalar", "vector"):
            name = "range vector" if type_ == "matrix" else type_
            raise bad_query(
                f'invalid expression type "{name}" for range query,'
                " must be Scalar or instant Vector"
            )
        self._check_range(start, end, step)
        query = self._query(start, end, step, cancelled)
        grid = Grid(np.arange(start, end + 1, step, dtype=np.int64))
        with _numbers():
            series = _series(node, query, grid, type_ == "scalar")
        series.sort(key=lambda each: each.labels)
        return _result("matrix", query, series)

    def _instant(self, node: Node, query: Query, grid: Grid) -> Result:
        type_ = type_of(node)
        if isinstance(node, Text):
            return Result("string", text=node.value)
        if type_ == "matrix":
            pending = Evaluator(query).windows(node, grid)
            windows = [one for part in pending for one in part.read()]
            return _result("matrix", query, _samples(windows))
        return _result(type_, query, _series(node, query, grid, type_ == "scalar"))

    def _query(self, start: int, end: int, step: int, cancelled: Callable[[], bool]) -> Query:
        if not _EARLIEST < start <= end < -_EARLIEST:
            raise bad_query("the time is out of range")
        deadline = time.monotonic() + self._limits.seconds
        return Query(self._queryable, self._limits, start, end, step, deadline, cancelled)

    def _check_range(self, start: int, end: int, step: int) -> None:
        if end < start:
            raise bad_query("end timestamp must not be before start time")
        if step <= 0:
            raise bad_query(
                "zero or negative query resolution step widths are not accepted."
                " Try a positive integer"
            )
        if (end - start) // step >= self._limits.steps:
            raise bad_query(
                f"exceeded maximum resolution of {self._limits.steps:,} points per timeseries."
                " Try decreasing the query resolution (?step=XX)"
            )


def _series(node: Node, query: Query, grid: Grid, scalar: bool) -> list[Series]:
    evaluator = Evaluator(query)
    if scalar:
        return series_of(single((), evaluator.scalar(node, grid)), grid.times)
    return series_of(named(evaluator.vector(node, grid)), grid.times)


def _samples(windows: list[Windows]) -> list[Series]:
    """The samples of the one window, as an instant query of `x[5m]` gives them."""
    found: dict[Labels, Series] = {}
    for part in windows:
        rows = slice(int(part.first[0]), int(part.behind[0]))
        for column, (labels, drop) in enumerate(zip(part.labels, part.nameless, strict=True)):
            shown = without_name(labels) if drop else labels
            if rows.start < rows.stop:
                if shown in found:
                    raise failed(SAME_LABELS)
                found[shown] = Series(shown, part.times[rows], part.values[rows, column])
    return sorted(found.values(), key=lambda each: each.labels)


def _result(type_: str, query: Query, series: list[Series]) -> Result:
    return Result(
        type_,  # type: ignore[arg-type]
        series,
        "",
        sorted(query.warnings),
        sorted(query.infos),
        _unchanged(query),
    )


def _unchanged(query: Query) -> Unchanged | None:
    watches = [watch for watch in query.watches if watch is not None]
    if len(watches) < len(query.watches):
        return None

    def unchanged(*, wait: bool = True) -> bool | None:
        for watch in watches:
            if not (holds := watch(wait=wait)):
                return holds
        return True

    return unchanged
