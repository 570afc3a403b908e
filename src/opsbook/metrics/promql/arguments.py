"""What a function is called with: its arguments, evaluated when it asks for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from opsbook.metrics.model import Values
from opsbook.metrics.promql.nodes import Call, Node, Text
from opsbook.metrics.promql.query import Grid, Query
from opsbook.metrics.promql.vector import Vector, joined
from opsbook.metrics.promql.windows import Windows


class Evaluates(Protocol):
    """The evaluator, as functions see it."""

    def vector(self, node: Node, grid: Grid) -> Vector: ...

    def scalar(self, node: Node, grid: Grid) -> Values: ...

    def windows(self, node: Node, grid: Grid) -> list[Windows]: ...


@dataclass(frozen=True, slots=True)
class Arguments:
    call: Call
    grid: Grid
    query: Query
    evaluator: Evaluates

    @property
    def count(self) -> int:
        return len(self.call.args)

    def vector(self, index: int) -> Vector:
        return self.evaluator.vector(self.call.args[index], self.grid)

    def scalar(self, index: int) -> Values:
        """One number for each step."""
        return self.evaluator.scalar(self.call.args[index], self.grid)

    def windows(self, index: int = 0) -> list[Windows]:
        return self.evaluator.windows(self.call.args[index], self.grid)

    def text(self, index: int) -> str:
        node = self.call.args[index]
        assert isinstance(node, Text)  # the parser has checked the types
        return node.value

    def over_windows(self, function: Callable[[Windows], Vector], index: int = 0) -> Vector:
        """The function's results for all windows, side by side."""
        return joined([function(part) for part in self.windows(index)], self.grid.steps)


Function = Callable[[Arguments], Vector]
