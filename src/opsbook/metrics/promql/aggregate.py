"""Aggregations: the series of a vector in groups, each step for itself."""

from collections.abc import Callable, Iterator
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
    found = groups(node, vector)
    values, present = _reduced(_REDUCTIONS[node.op], vector, found, param)
    nameless = [any(vector.nameless[column] for column in group.columns) for group in found]
    return Vector(tuple(group.labels for group in found), tuple(nameless), values, present)


def _reduced(
    reduce: "Reduction", vector: Vector, found: list[Group], param: Values | None
) -> tuple[Values, Mask]:
    values = np.zeros((vector.steps, len(found)))
    if vector.alike:
        steps = _slice(np.flatnonzero(vector.present[:, 0]))
        wanted = None if param is None else param[steps]
        for number, samples in enumerate(_samples(vector.values[steps], found)):
            values[steps, number] = reduce(samples, wanted)
        return values, np.broadcast_to(vector.present[:, :1], values.shape)
    present = np.empty(values.shape, dtype=bool)
    for number, group in enumerate(found):
        columns = _slice(group.columns)
        there = vector.present[:, columns]
        present[:, number] = some(there, axis=1)
        samples = vector.values[:, columns]
        values[:, number] = _where_present(reduce, samples, there, param)
    return values, present


def _samples(values: Values, found: list[Group]) -> Iterator[Values]:
    """Of each group, (steps × series). Buckets, bound by bound, lie at equal distances."""
    count, size = len(found), len(found[0].columns)
    regular = [list(range(place, count * size, count)) for place in range(count)]
    if size > 1 and count > 1 and [group.columns for group in found] == regular:
        together = values.reshape(len(values), size, count).transpose(2, 1, 0)
        yield from np.ascontiguousarray(together).transpose(0, 2, 1)
        return
    for group in found:
        yield values[:, _slice(group.columns)]


BY_PARTS = frozenset({"sum", "min", "max", "group"})
"""Of which the whole is the same of its parts."""


def of_part(node: Aggregate, vector: Vector) -> Vector:
    """A part aggregated for itself, if the whole is none the worse for it.

    Sums of different signs are kept: what one part loses another may need.
    """
    if node.op == "sum" and not vector.values.min() >= 0:
        return vector
    return aggregated(node, vector, None)


def _slice(places: list[int] | Indices) -> slice | Indices:
    """Of ascending places: neighbours need no copy."""
    if not len(places):
        return slice(0)
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
