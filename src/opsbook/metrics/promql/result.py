"""What a query has found."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Times, Unchanged, Values
from opsbook.metrics.promql.nodes import ValueType
from opsbook.metrics.promql.vector import Vector

_COLUMNS = 32


class Series(NamedTuple):
    """`times` in ms, and a value for each."""

    labels: Labels
    times: Times
    values: Values


@dataclass(frozen=True, slots=True)
class Result:
    """A scalar is one series without labels and with one value; a string is in `text`."""

    type: ValueType
    series: list[Series] = field(default_factory=list)
    text: str = ""
    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    unchanged: Unchanged | None = None
    """Says whether the same query would find the same again; None where nobody knows."""


def series_of(vector: Vector, times: Times) -> list[Series]:
    """The samples that are there, series by series."""
    there = np.ascontiguousarray(vector.present.T)
    counts = np.count_nonzero(there, axis=1)
    values = _turned(vector.values)
    found = []
    for at, labels in enumerate(vector.labels):
        if counts[at] == len(times):
            found.append(Series(labels, times, values[at]))
        elif counts[at]:
            found.append(Series(labels, times[there[at]], values[at][there[at]]))
    return found


def _turned(values: Values) -> Values:
    """Columns as rows, some at a time: so they stay in the processor's cache."""
    rows = np.empty(values.shape[::-1])
    for start in range(0, len(rows), _COLUMNS):
        rows[start : start + _COLUMNS] = values[:, start : start + _COLUMNS].T
    return rows
