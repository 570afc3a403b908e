"""From a tree to values: each node for all steps of its grid at once."""

from collections.abc import Callable
from functools import partial

import numpy as np

from opsbook.metrics.model import Values
from opsbook.metrics.promql import selectors, windows
from opsbook.metrics.promql.aggregate import BY_PARTS, aggregated, of_part
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.binary import of_scalars, of_vectors, with_scalar
from opsbook.metrics.promql.errors import bad_query, failed
from opsbook.metrics.promql.functions import (
    absent,
    calendar,
    histograms,
    labelling,
    maths,
    over_time,
    rates,
    trends,
)
from opsbook.metrics.promql.nodes import (
    Aggregate,
    Binary,
    Call,
    Negative,
    Node,
    Number,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    type_of,
)
from opsbook.metrics.promql.quantiles import warn_of
from opsbook.metrics.promql.query import Grid, Query
from opsbook.metrics.promql.ranked import count_values, ranked
from opsbook.metrics.promql.sets import of_sets
from opsbook.metrics.promql.vector import Vector, occurring
from opsbook.metrics.promql.windows import Pending, Windows

_FAMILIES = (absent, calendar, histograms, labelling, maths, over_time, rates, trends)
_FUNCTIONS: dict[str, Function] = {
    name: function for family in _FAMILIES for name, function in family.FUNCTIONS.items()
}


class Evaluator:
    """Raises QueryError where an operation cannot be carried out or a limit is reached."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def vector(self, node: Node, grid: Grid) -> Vector:
        self._query.check()
        match node:
            case Selector():
                return selectors.instant(self._query, node, grid)
            case Call():
                return self._call(node, grid)
            case Aggregate():
                return occurring(self._aggregate(node, grid))
            case Binary():
                return occurring(self._binary(node, grid))
            case Negative(inner=inner):
                vector = self.vector(inner, grid)
                return vector.with_values(-vector.values)
        raise failed(f"an instant vector was expected, not a {type_of(node)}")

    def scalar(self, node: Node, grid: Grid) -> Values:
        match node:
            case Number(value=value):
                return np.full(grid.steps, value)
            case Negative(inner=inner):
                return -self.scalar(inner, grid)
            case Binary(op=op, left=left, right=right):
                return of_scalars(op, self.scalar(left, grid), self.scalar(right, grid))
            case Call(name="time"):
                return grid.times / 1000
            case Call(name="pi"):
                return np.full(grid.steps, np.pi)
            case Call(name="scalar", args=(inner,)):
                return _only(self.vector(inner, grid))
        raise failed(f"a scalar was expected, not a {type_of(node)}")

    def windows(self, node: Node, grid: Grid) -> list[Pending]:
        if isinstance(node, RangeSelector):
            return windows.select(self._query, node, grid)
        if isinstance(node, Subquery):
            return windows.known(self._subquery(node, grid))
        raise failed(f"a range vector was expected, not a {type_of(node)}")

    def _call(
        self, node: Call, grid: Grid, reduce: Callable[[Vector], Vector] | None = None
    ) -> Vector:
        function = _FUNCTIONS.get(node.name)
        if function is None:
            raise bad_query(f"{node.place}: {node.name}() needs native histograms: there are none")
        return occurring(function(Arguments(node, grid, self._query, self, reduce)))

    def _subquery(self, node: Subquery, grid: Grid) -> list[Windows]:
        """The inner expression on one grid that serves all steps: multiples of its step."""
        ends = self._query.looks_at(node.when, grid)
        length = self._query.milliseconds(node.range)
        step = self._query.limits.subquery_step
        if node.step is not None:
            step = max(self._query.milliseconds(node.step), 1)
        begin = ((int(ends.min()) - length) // step + 1) * step
        count = max((int(ends.max()) - begin) // step + 1, 0)
        self._query.touch(count)
        inner = Grid(begin + step * np.arange(count, dtype=np.int64))
        if not count:
            return []
        vector = self.vector(node.inner, inner)
        return windows.of_vector(self._query, vector, inner, ends, length)

    def _aggregate(self, node: Aggregate, grid: Grid) -> Vector:
        if node.op == "count_values":
            assert isinstance(node.param, Text)  # the parser has checked the types
            return count_values(node, self.vector(node.inner, grid), node.param.value)
        param = None if node.param is None else self.scalar(node.param, grid)
        if node.op == "quantile" and param is not None:
            warn_of(self._query, param, node.param_place)
        if node.op in ("topk", "bottomk"):
            assert param is not None  # the parser has checked the arguments
            return ranked(self._query, node, self.vector(node.inner, grid), param)
        if node.op in BY_PARTS and isinstance(node.inner, Call):
            self._query.check()
            return aggregated(node, self._call(node.inner, grid, partial(of_part, node)), None)
        return aggregated(node, self.vector(node.inner, grid), param)

    def _binary(self, node: Binary, grid: Grid) -> Vector:
        left_scalar = type_of(node.left) == "scalar"
        if left_scalar or type_of(node.right) == "scalar":
            vector = self.vector(node.right if left_scalar else node.left, grid)
            scalar = self.scalar(node.left if left_scalar else node.right, grid)
            return with_scalar(node, vector, scalar, scalar_left=left_scalar)
        left, right = self.vector(node.left, grid), self.vector(node.right, grid)
        return _vector_operation(node.op)(node, left, right)


def _vector_operation(op: str) -> Callable[[Binary, Vector, Vector], Vector]:
    return of_sets if op in ("and", "or", "unless") else of_vectors


def _only(vector: Vector) -> Values:
    """The value at steps with exactly one series, else NaN."""
    alone = vector.present.sum(axis=1) == 1
    if not vector.labels:
        return np.full(vector.steps, np.nan)
    values = np.take_along_axis(vector.values, vector.present.argmax(axis=1)[:, None], axis=1)
    return np.where(alone, values[:, 0], np.nan)
