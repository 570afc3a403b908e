"""What a query has found."""

from dataclasses import dataclass, field

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Times, Values
from opsbook.metrics.promql.nodes import ValueType
from opsbook.metrics.promql.vector import Vector


@dataclass(frozen=True, slots=True)
class Series:
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


def series_of(vector: Vector, times: Times) -> list[Series]:
    """The samples that are there, series by series."""
    if vector.present.all():
        columns = np.ascontiguousarray(vector.values.T)
        return [Series(labels, times, columns[at]) for at, labels in enumerate(vector.labels)]
    found = []
    for at, labels in enumerate(vector.labels):
        there = vector.present[:, at]
        if there.any():
            found.append(Series(labels, times[there], vector.values[there, at]))
    return found
