"""A vector at every step of a query: one matrix of steps × series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.model import Values
from opsbook.metrics.promql.errors import failed

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

SAME_LABELS = "vector cannot contain metrics with the same labelset"


@dataclass(frozen=True, slots=True)
class Vector:
    """`values` has a row for each step and a column for each series.

    The metric's name is dropped late: a series keeps it until the query ends, `nameless` says
    that it is no longer the series' own.
    """

    labels: tuple[Labels, ...]
    nameless: tuple[bool, ...]
    values: Values
    present: Mask
    """False: the series has no sample at this step, and its value means nothing."""

    @property
    def steps(self) -> int:
        return len(self.values)

    @property
    def alike(self) -> bool:
        """Whether all series have samples at the same steps, as far as that is seen at once."""
        return bool(self.labels) and (self.present.strides[1] == 0 or bool(self.present.all()))

    def with_values(self, values: Values) -> "Vector":
        """The same series with other values, which are no longer the metric's."""
        return Vector(self.labels, (True,) * len(self.labels), values, self.present)

    def where(self, present: Mask) -> "Vector":
        return Vector(self.labels, self.nameless, self.values, present)

    def columns(self, chosen: Sequence[int] | Indices) -> "Vector":
        index = np.asarray(chosen, dtype=np.intp)
        return Vector(
            tuple(self.labels[column] for column in index),
            tuple(self.nameless[column] for column in index),
            self.values[:, index],
            self.present[:, index],
        )

    def relabelled(self, labels: Sequence[Labels], nameless: Sequence[bool]) -> "Vector":
        """Raises QueryError where two series would be the same one at the same step."""
        return merged(Vector(tuple(labels), tuple(nameless), self.values, self.present))


def some(present: Mask, axis: int) -> Mask:
    """Where any is present along an axis."""
    found: Mask = np.logical_or.reduce(present, axis=axis)
    return found


def repeated(steps: Mask, series: int) -> Mask:
    """The same steps for each series, without a copy; numpy's broadcast_to takes ten times as
    long, which counts where many small vectors are made."""
    held = np.ascontiguousarray(steps)
    shown = np.ndarray((len(held), series), np.bool_, held, strides=(1, 0))
    shown.flags.writeable = False
    return shown


def empty(steps: int) -> Vector:
    return Vector((), (), np.empty((steps, 0)), np.empty((steps, 0), dtype=bool))


def single(labels: Labels, values: Values, present: Mask | None = None) -> Vector:
    """One series, with a value at each step."""
    mask = np.ones(len(values), dtype=bool) if present is None else present
    return Vector((labels,), (False,), values[:, None], mask[:, None])


def joined(parts: Sequence[Vector], steps: int) -> Vector:
    """Side by side: no series of one part is in another."""
    parts = [part for part in parts if part.labels]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return empty(steps)
    return Vector(
        tuple(labels for part in parts for labels in part.labels),
        tuple(flag for part in parts for flag in part.nameless),
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.present for part in parts], axis=1),
    )


def occurring(vector: Vector) -> Vector:
    """Without the series that have no sample at any step."""
    middle = len(vector.present) // 2
    if vector.steps and vector.present[middle].all():
        return vector  # mostly so, and found without a look at every step
    seen = some(vector.present, axis=0)
    return vector if seen.all() else vector.columns(np.flatnonzero(seen))


def merged(vector: Vector, message: str = SAME_LABELS) -> Vector:
    """One column for each label set, apart by whether the name is theirs, as `rate(x) or x`
    has them. Raises QueryError, `message`, where samples collide."""
    if len(set(vector.labels)) == len(vector.labels):
        return vector
    places: dict[tuple[Labels, bool], list[int]] = {}
    for column, key in enumerate(zip(vector.labels, vector.nameless, strict=True)):
        places.setdefault(key, []).append(column)
    if len(places) == len(vector.labels):
        return vector
    result = vector.columns([columns[0] for columns in places.values()])
    for to, columns in enumerate(places.values()):
        if len(columns) > 1:
            result.values[:, to], result.present[:, to] = _overlaid(vector, columns, message)
    return result


def _overlaid(vector: Vector, columns: list[int], message: str) -> tuple[Values, Mask]:
    present = vector.present[:, columns]
    if (present.sum(axis=1) > 1).any():
        raise failed(message)
    chosen = present.argmax(axis=1)
    rows = np.arange(vector.steps)
    return vector.values[:, columns][rows, chosen], some(present, axis=1)


def name_of(labels: Labels) -> str:
    """The metric's name, or nothing. It mostly stands in front of the other labels."""
    if labels and labels[0][0] == NAME:
        return labels[0][1]
    return next((value for key, value in labels if key == NAME), "")


def without_name(labels: Labels) -> Labels:
    if labels and labels[0][0] == NAME:
        return labels[1:]
    return tuple(pair for pair in labels if pair[0] != NAME)


def named(vector: Vector) -> Vector:
    """The names dropped that are to be dropped; raises QueryError where samples collide."""
    if not any(vector.nameless):
        return merged(vector)
    labels = [
        without_name(labels) if drop else labels
        for labels, drop in zip(vector.labels, vector.nameless, strict=True)
    ]
    return vector.relabelled(labels, (False,) * len(labels))
