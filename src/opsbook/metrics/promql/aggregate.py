"""Aggregations: the series of a vector in groups, each step for itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.model import Values
from opsbook.metrics.promql.nodes import Aggregate
from opsbook.metrics.promql.quantiles import quantile
from opsbook.metrics.promql.sums import mean, total
from opsbook.metrics.promql.vector import Indices, Mask, Vector, empty, some


@dataclass(frozen=True, slots=True)
class Group:
    labels: Labels
    columns: list[int]


def groups(node: Aggregate, vector: Vector) -> list[Group]:
    """In the order of their first members."""
    key = _key(node)
    found: dict[Labels, list[int]] = {}
    for column, labels in enumerate(vector.labels):
        found.setdefault(key(labels), []).append(column)
    return [Group(labels, columns) for labels, columns in found.items()]


def _key(node: Aggregate) -> Callable[[Labels], Labels]:
    if node.without:
        dropped = {*node.labels, NAME}
        return lambda labels: tuple(pair for pair in labels if pair[0] not in dropped)
    if not node.labels:
        return lambda _: ()
    kept = set(node.labels)
    return lambda labels: tuple(pair for pair in labels if pair[0] in kept)


def aggregated(node: Aggregate, vector: Vector, param: Values | None) -> Vector:
    """One series for each group; `param` is the wanted quantile at each step."""
    if not vector.labels:
        return empty(vector.steps)
    reduce = _REDUCTIONS[node.op]
    found = groups(node, vector)
    values = np.empty((vector.steps, len(found)))
    present = np.empty((vector.steps, len(found)), dtype=bool)
    whole = bool(vector.present.all())
    for number, group in enumerate(found):
        columns = _slice(group.columns)
        samples = vector.values[:, columns]
        if whole:
            present[:, number] = True
            values[:, number] = reduce(samples, param)
        else:
            there = vector.present[:, columns]
            present[:, number] = some(there, axis=1)
            values[:, number] = _where_present(reduce, samples, there, param)
    nameless = [any(vector.nameless[column] for column in group.columns) for group in found]
    return Vector(tuple(group.labels for group in found), tuple(nameless), values, present)


def _slice(places: list[int] | Indices) -> slice | Indices:
    """Of ascending places: neighbours need no copy."""
    first, last = places[0], places[-1]
    return slice(first, last + 1) if last - first + 1 == len(places) else np.asarray(places)


Reduction = Callable[[Values, Values | None], Values]
"""Of (steps × series), every sample present."""


def _where_present(reduce: Reduction, samples: Values, there: Mask, param: Values | None) -> Values:
    """Steps at which the same series have samples are taken together; mostly all have."""
    results = np.zeros(len(samples))
    patterns = np.packbits(there, axis=1)
    alike: dict[bytes, list[int]] = {}
    full = np.flatnonzero(there.all(axis=1))
    for step in np.flatnonzero(~there.all(axis=1)):
        alike.setdefault(patterns[step].tobytes(), []).append(int(step))
    for steps in [full, *map(np.array, alike.values())]:
        columns = np.flatnonzero(there[steps[0]]) if len(steps) else steps
        if len(columns):
            chosen = samples[_slice(steps)][:, _slice(columns)]
            results[steps] = reduce(chosen, None if param is None else param[steps])
    return results


def _variance(samples: Values, _: Values | None) -> Values:
    """Measured from the first value, so that equal values have exactly none."""
    shifted = samples - samples[:, :1]
    shifted -= shifted.mean(axis=1, keepdims=True)
    values: Values = (shifted * shifted).mean(axis=1)
    return values


def _quantile(samples: Values, wanted: Values | None) -> Values:
    assert wanted is not None
    return quantile(wanted, samples[:, None, :])[:, 0]


def _extreme(plain: np.ufunc, without_nan: np.ufunc) -> Reduction:
    def reduce(samples: Values, _: Values | None) -> Values:
        values: Values = plain.reduce(samples, axis=1)
        return without_nan.reduce(samples, axis=1) if np.isnan(values).any() else values

    return reduce


_REDUCTIONS: dict[str, Reduction] = {
    "sum": lambda samples, _: total(samples.T),
    "avg": lambda samples, _: mean(samples.T),
    "min": _extreme(np.minimum, np.fmin),
    "max": _extreme(np.maximum, np.fmax),
    "count": lambda samples, _: np.full(len(samples), float(samples.shape[1])),
    "group": lambda samples, _: np.ones(len(samples)),
    "stdvar": _variance,
    "stddev": lambda samples, _: np.sqrt(_variance(samples, None)),
    "quantile": _quantile,
}
