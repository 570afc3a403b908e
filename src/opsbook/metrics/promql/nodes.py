"""An expression as a tree, resolved as far as it can be without a query's times."""

from dataclasses import dataclass
from typing import Literal

from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.durations import Duration

ValueType = Literal["scalar", "string", "vector", "matrix"]
At = float | Literal["start", "end"]
"""The time of an `@`, in seconds, or an end of the query."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class When:
    """How `offset` and `@` shift the times at which a selector or subquery looks."""

    offset: Duration | None
    at: At | None


@dataclass(frozen=True, slots=True)
class Selector:
    matchers: tuple[Matcher, ...]
    when: When


@dataclass(frozen=True, slots=True)
class RangeSelector:
    selector: Selector
    range: Duration


@dataclass(frozen=True, slots=True)
class Subquery:
    inner: "Node"
    range: Duration
    step: Duration | None
    when: When


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    args: tuple["Node", ...]
    place: str
    """`line:column` of the function's name, for annotations."""
    arg_places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    op: str
    inner: "Node"
    param: "Node | None"
    without: bool
    labels: tuple[str, ...]
    param_place: str


@dataclass(frozen=True, slots=True)
class Negative:
    inner: "Node"


@dataclass(frozen=True, slots=True)
class Matching:
    """How the series of two vectors find each other."""

    on: bool
    labels: tuple[str, ...]
    many: Literal["", "left", "right"]
    """The side of which several series may match one of the other."""
    include: tuple[str, ...]
    """Labels that the result takes from the other side."""


@dataclass(frozen=True, slots=True)
class Binary:
    op: str
    left: "Node"
    right: "Node"
    as_bool: bool
    matching: Matching


Node = Number | Text | Selector | RangeSelector | Subquery | Call | Aggregate | Negative | Binary


def type_of(node: Node) -> ValueType:
    match node:
        case Number():
            return "scalar"
        case Text():
            return "string"
        case RangeSelector() | Subquery():
            return "matrix"
        case Call(name=name):
            return "scalar" if name in ("time", "pi", "scalar") else "vector"
        case Negative(inner=inner):
            return type_of(inner)
        case Binary(left=left, right=right):
            both = {type_of(left), type_of(right)}
            return "scalar" if both == {"scalar"} else "vector"
        case Selector() | Aggregate():
            return "vector"
