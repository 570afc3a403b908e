"""The set operators `and`, `or`, `unless`: series kept or left out by their labels."""

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.promql.binary import Key, places, signature
from opsbook.metrics.promql.nodes import Binary
from opsbook.metrics.promql.vector import Mask, Vector, joined, merged, some


def of_sets(node: Binary, left: Vector, right: Vector) -> Vector:
    key = signature(node.matching)
    if node.op == "or":
        covered = _covered(right, left, places(key, left), key)
        return _united(left, right.where(right.present & ~covered))
    covered = _covered(left, right, places(key, right), key)
    return left.where(left.present & (covered if node.op == "and" else ~covered))


def _covered(vector: Vector, by: Vector, found: dict[Labels, list[int]], key: Key) -> Mask:
    """Where a series of `by` with the same signature has a sample."""
    covered = np.zeros(vector.present.shape, dtype=bool)
    seen: dict[Labels, Mask] = {}
    for column, labels in enumerate(vector.labels):
        shared = key(labels)
        if shared in found:
            if shared not in seen:
                seen[shared] = some(by.present[:, found[shared]], axis=1)
            covered[:, column] = seen[shared]
    return covered


def _united(left: Vector, right: Vector) -> Vector:
    return merged(joined([left, right], left.steps))
