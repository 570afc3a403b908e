"""What a function is called with: its arguments, evaluated when it asks for them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from opsbook.metrics.model import Values
from opsbook.metrics.promql.nodes import Call, Node, Text
from opsbook.metrics.promql.parallel import each
from opsbook.metrics.promql.query import Grid, Query
from opsbook.metrics.promql.vector import Vector, joined
from opsbook.metrics.promql.windows import Pending, Windows


class Evaluates(Protocol):
    """The evaluator, as functions see it."""

    def vector(self, node: Node, grid: Grid) -> Vector: ...

    def scalar(self, node: Node, grid: Grid) -> Values: ...

    def windows(self, node: Node, grid: Grid) -> list[Pending]: ...


@dataclass(frozen=True, slots=True)
class Arguments:
    call: Call
    grid: Grid
    query: Query
    evaluator: Evaluates
    reduce: Callable[[Vector], Vector] | None = None
    """What an aggregation around the call can do to each part of its result before they are
    brought together: the whole never needs to be in memory."""

    @property
    def count(self) -> int:
        return len(self.call.args)

    def vector(self, index: int) -> Vector:
        return self.evaluator.vector(self.call.args[index], self.grid)

    def scalar(self, index: int) -> Values:
        """One number for each step."""
        return self.evaluator.scalar(self.call.args[index], self.grid)

    def windows(self, index: int = 0) -> list[Windows]:
        pending = self.evaluator.windows(self.call.args[index], self.grid)
        return [windows for part in pending for windows in part.read()]

    def text(self, index: int) -> str:
        node = self.call.args[index]
        assert isinstance(node, Text)  # the parser has checked the types
        return node.value

    def over_windows(self, function: Callable[[Windows], Vector], index: int = 0) -> Vector:
        """The function's results for all windows, side by side; each as soon as it is read."""
        pending = self.evaluator.windows(self.call.args[index], self.grid)
        tasks = [partial(self._over, function, part) for part in pending]
        found = each(tasks, sum(part.samples for part in pending))
        return joined([vector for vectors in found for vector in vectors], self.grid.steps)

    def _over(self, function: Callable[[Windows], Vector], pending: Pending) -> list[Vector]:
        found = [function(windows) for windows in pending.read()]
        return found if self.reduce is None else [self.reduce(vector) for vector in found]


Function = Callable[[Arguments], Vector]
