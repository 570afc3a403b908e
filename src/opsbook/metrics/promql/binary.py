"""Binary operators: scalars, a vector and a scalar, and two vectors matched by labels."""

from collections.abc import Callable

import numpy as np

from opsbook.core.labels import NAME, Labels, format_labels, labels_of
from opsbook.metrics.model import Values
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.promql.nodes import Binary, Matching
from opsbook.metrics.promql.operators import ARITHMETIC, COMPARISONS
from opsbook.metrics.promql.vector import Mask, Vector, empty, merged, some

Key = Callable[[Labels], Labels]

_UNGROUPED = (
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
)
_NOT_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


def of_scalars(op: str, left: Values, right: Values) -> Values:
    if op in COMPARISONS:
        return COMPARISONS[op](left, right).astype(float)
    return ARITHMETIC[op](left, right)


def with_scalar(node: Binary, vector: Vector, scalar: Values, *, scalar_left: bool) -> Vector:
    """A comparison keeps the vector's own values, on whichever side it stands."""
    number = scalar[:, None]
    left, right = (number, vector.values) if scalar_left else (vector.values, number)
    if node.op in ARITHMETIC:
        return vector.with_values(ARITHMETIC[node.op](left, right))
    holds = COMPARISONS[node.op](left, right)
    if node.as_bool:
        return vector.with_values(holds.astype(float))
    return vector.where(vector.present & holds)


def signature(matching: Matching) -> Key:
    """What two series have in common when they match."""
    names = set(matching.labels)
    if matching.on:
        return lambda labels: tuple(pair for pair in labels if pair[0] in names)
    names.add(NAME)
    return lambda labels: tuple(pair for pair in labels if pair[0] not in names)


def places(key: Key, vector: Vector) -> dict[Labels, list[int]]:
    found: dict[Labels, list[int]] = {}
    for column, labels in enumerate(vector.labels):
        found.setdefault(key(labels), []).append(column)
    return found


def of_vectors(node: Binary, left: Vector, right: Vector) -> Vector:
    """One to one, or many to one where a side is grouped. Raises QueryError on what is neither."""
    swapped = node.matching.many == "right"
    many, one = (right, left) if swapped else (left, right)
    key = signature(node.matching)
    many_places, one_places = places(key, many), places(key, one)
    _check_one_side(node.matching, many, one, one_places)
    pairs = [
        (mine, other)
        for shared, columns in many_places.items()
        for mine in columns
        for other in one_places.get(shared, ())
    ]
    if not pairs:
        return empty(left.steps)
    mine, other = (np.array(side) for side in zip(*pairs, strict=True))
    values = _chosen(many.values, mine), _chosen(one.values, other)
    present = many.present[:, mine] & one.present[:, other]
    labels = [_result(node, many.labels[a], one.labels[b]) for a, b in pairs]
    if not node.matching.many:
        _check_one_to_one([key(many.labels[a]) for a, _ in pairs], present)
    elif len(set(labels)) < len(labels):
        shared = [key(many.labels[a]) for a, _ in pairs]
        _check_apart(list(zip(shared, labels, strict=True)), present, _NOT_UNIQUE)
    first, second = values[::-1] if swapped else values
    nameless = tuple(node.as_bool or many.nameless[a] for a, _ in pairs)
    return _computed(node, Vector(tuple(labels), nameless, first, present), second)


def _computed(node: Binary, left: Vector, right: Values) -> Vector:
    if node.op in ARITHMETIC:
        values = ARITHMETIC[node.op](left.values, right)
        return merged(Vector(left.labels, left.nameless, values, left.present))
    holds = COMPARISONS[node.op](left.values, right)
    if node.as_bool:
        return merged(Vector(left.labels, left.nameless, holds.astype(float), left.present))
    return merged(left.where(left.present & holds))


def _chosen(matrix: Values, columns: Values) -> Values:
    """The columns; the matrix itself where they are all of them in order."""
    if len(columns) == matrix.shape[1] and (columns == np.arange(len(columns))).all():
        return matrix
    return matrix[:, columns]


def _check_one_side(
    matching: Matching, many: Vector, one: Vector, one_places: dict[Labels, list[int]]
) -> None:
    """Raises QueryError where the side that must be unique is not, at a step with both sides."""
    met = some(many.present, axis=1)
    for shared, columns in one_places.items():
        if len(columns) < 2:
            continue
        there = one.present[:, columns] & met[:, None]
        step = int((there.sum(axis=1) > 1).argmax())
        found = [one.labels[columns[place]] for place in np.flatnonzero(there[step])]
        if len(found) > 1:
            first, second = sorted(found)[:2]
            side = "left" if matching.many == "right" else "right"
            raise failed(
                f"found duplicate series for the match group {_braced(shared)} on the {side}"
                f" hand-side of the operation: [{_braced(first)}, {_braced(second)}]"
                ";many-to-many matching not allowed: matching labels must be unique on one side"
            )


def _braced(labels: Labels) -> str:
    """All labels in braces, the name too, as Prometheus prints them in messages."""
    name = [f'{NAME}="{value}"' for key, value in labels if key == NAME]
    rest = format_labels(tuple(pair for pair in labels if pair[0] != NAME)).strip("{}")
    return "{" + ", ".join(name + ([rest] if rest else [])) + "}"


def _check_one_to_one(keys: list[Labels], present: Mask) -> None:
    if len(set(keys)) < len(keys):
        _check_apart([(key, ()) for key in keys], present, _UNGROUPED)


def _check_apart(keys: list[tuple[Labels, Labels]], present: Mask, message: str) -> None:
    """Raises QueryError where columns with the same key have a sample at the same step."""
    found: dict[tuple[Labels, Labels], list[int]] = {}
    for column, key in enumerate(keys):
        found.setdefault(key, []).append(column)
    for columns in found.values():
        if len(columns) > 1 and (present[:, columns].sum(axis=1) > 1).any():
            raise failed(message)


def _result(node: Binary, many: Labels, one: Labels) -> Labels:
    """The labels that a pair's result gets."""
    matching = node.matching
    dropped = {NAME} if node.op in ARITHMETIC else set()
    labels = {name: value for name, value in many if name not in dropped}
    if not matching.many:
        named = set(matching.labels)
        labels = {name: value for name, value in labels.items() if (name in named) == matching.on}
    others = dict(one)
    for name in matching.include:
        labels[name] = others.get(name, "")
    return labels_of(labels)
