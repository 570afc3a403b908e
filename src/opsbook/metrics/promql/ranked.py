"""Aggregations that keep or count single samples: `topk`, `bottomk`, `count_values`."""

import numpy as np

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import Values
from opsbook.metrics.promql.aggregate import groups
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.promql.names import is_label_name, quoted
from opsbook.metrics.promql.nodes import Aggregate
from opsbook.metrics.promql.numbers import plain, short
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.vector import Vector, empty, joined, merged, occurring


def ranked(query: Query, node: Aggregate, vector: Vector, param: Values) -> Vector:
    """The `param` greatest or smallest samples of each group, under their own labels.

    An instant query gets them in that order.
    """
    _check_count(param)
    sign = -1.0 if node.op == "topk" else 1.0
    parts = []
    for group in groups(node, vector):
        query.check()
        part = vector.columns(group.columns)
        ranks = _ranks(part, sign)
        kept = part.where(part.present & (ranks < np.trunc(param)[:, None]))
        if query.start == query.end and vector.steps == 1:
            kept = kept.columns(np.argsort(ranks[0]))
        parts.append(kept)
    return occurring(joined(parts, vector.steps))


def _ranks(part: Vector, sign: float) -> Values:
    """From 0, at each step; NaN comes behind all numbers, what is absent behind all."""
    kinds = np.where(part.present, np.isnan(part.values).astype(int), 2)
    order = np.lexsort((sign * part.values, kinds), axis=1)
    ranks = np.empty(order.shape)
    places = np.broadcast_to(np.arange(order.shape[1], dtype=float), order.shape)
    np.put_along_axis(ranks, order, places, axis=1)
    return ranks


def _check_count(param: Values) -> None:
    for value in param:
        if np.isnan(value):
            raise failed("Parameter value is NaN")
        if not -(2.0**63) <= value < 2.0**63:
            direction = "overflows" if value > 0 else "underflows"
            raise failed(f"Scalar value {short(value)} {direction} int64")


def count_values(node: Aggregate, vector: Vector, label: str) -> Vector:
    """For each value in a group how often it is there, the value as a label."""
    if not is_label_name(label):
        raise failed(f"invalid label name {quoted(label)}")
    if not vector.labels:
        return empty(vector.steps)
    counts: dict[Labels, Values] = {}
    kept = Aggregate(
        node.op,
        node.inner,
        None,
        node.without,
        node.labels if node.without else (*node.labels, label),
        "",
    )
    for column, labels in enumerate(vector.labels):
        there = vector.present[:, column]
        values = vector.values[:, column]
        for value in np.unique(values[there]):
            same = there & ((values == value) | (np.isnan(values) & np.isnan(value)))
            key = _key(kept, labels_of({**dict(labels), label: plain(value)}))
            counts[key] = counts.get(key, np.zeros(vector.steps)) + same
    table = np.column_stack(list(counts.values()))
    return merged(Vector(tuple(counts), (False,) * len(counts), table, table > 0))


def _key(node: Aggregate, labels: Labels) -> Labels:
    one = Vector((labels,), (False,), np.empty((0, 1)), np.empty((0, 1), dtype=bool))
    return groups(node, one)[0].labels
