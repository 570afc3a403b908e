"""`absent`: a sample where there is none."""

import numpy as np

from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.nodes import Node, RangeSelector, Selector
from opsbook.metrics.promql.vector import Vector, single, some


def labels_sought(node: Node) -> dict[str, str]:
    """The labels that a selector asks for by `=`, each once; none for other expressions."""
    if isinstance(node, RangeSelector):
        node = node.selector
    if not isinstance(node, Selector):
        return {}
    wanted: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in node.matchers:
        if matcher.name != NAME:
            if matcher.op == "=" and matcher.name not in seen:
                wanted[matcher.name] = matcher.value
                seen.add(matcher.name)
            else:
                wanted.pop(matcher.name, None)
    return wanted


def _absent(arguments: Arguments) -> Vector:
    there = some(arguments.vector(0).present, axis=1)
    labels = labels_of(labels_sought(arguments.call.args[0]))
    return single(labels, np.ones(arguments.grid.steps), ~there)


FUNCTIONS: dict[str, Function] = {"absent": _absent}
