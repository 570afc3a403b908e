"""What `query` gives to the templates of rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opsbook.core.errors import BadInputError
from opsbook.core.labels import Labels
from opsbook.metrics.promql.result import Result


@dataclass(frozen=True, slots=True)
class Sample:
    """One series' value; its metric's name is the label `__name__`."""

    labels: Labels
    value: float


Query = Callable[[str], Sequence[Sample]]
"""Evaluates an expression at the time of the rule. Blocks; raises OpsbookError."""


def samples_of(result: Result) -> list[Sample]:
    """Of an instant query that gives a vector or a scalar. Raises BadInputError for others."""
    if result.type not in ("vector", "scalar"):
        raise BadInputError(
            f"the expression gives a {result.type}; a template takes a vector or a scalar"
        )
    return [Sample(series.labels, float(series.values[-1])) for series in result.series]
