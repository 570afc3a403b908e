"""Functions that change labels or the order of series."""

import numpy as np

from opsbook.core.errors import BadInputError
from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.promql.names import is_label_name
from opsbook.metrics.promql.vector import Vector, single
from opsbook.metrics.regex import compile_regex, expanded


def _label_replace(arguments: Arguments) -> Vector:
    vector = arguments.vector(0)
    target, template, source, pattern = (arguments.text(index) for index in range(1, 5))
    try:
        regex = compile_regex(pattern)
    except BadInputError:
        raise failed(f"invalid regular expression in label_replace(): {pattern}") from None
    _check_name("destination", target, "label_replace")
    labels, nameless = [], []
    for series, drop in zip(vector.labels, vector.nameless, strict=True):
        found = regex.fullmatch(dict(series).get(source, ""))
        value = None if found is None else expanded(template, found)
        labels.append(series if value is None else _with(series, target, value))
        nameless.append(drop and (value is None or target != NAME))
    return vector.relabelled(labels, nameless)


def _label_join(arguments: Arguments) -> Vector:
    vector = arguments.vector(0)
    target, separator = arguments.text(1), arguments.text(2)
    sources = [arguments.text(index) for index in range(3, arguments.count)]
    for source in sources:
        _check_name("source", source, "label_join")
    _check_name("destination", target, "label_join")
    labels = []
    for series in vector.labels:
        values = dict(series)
        joined = separator.join(values.get(source, "") for source in sources)
        labels.append(_with(series, target, joined))
    nameless = [drop and target != NAME for drop in vector.nameless]
    return vector.relabelled(labels, nameless)


def _with(labels: Labels, name: str, value: str) -> Labels:
    return labels_of({**dict(labels), name: value})


def _check_name(role: str, name: str, function: str) -> None:
    if not is_label_name(name):
        raise failed(f"invalid {role} label name in {function}(): {name}")


def _vector(arguments: Arguments) -> Vector:
    return single((), arguments.scalar(0))


def _sorting(*, descending: bool) -> Function:
    def apply(arguments: Arguments) -> Vector:
        vector = arguments.vector(0)
        if arguments.query.start != arguments.query.end:
            arguments.query.warn(
                "sort is ineffective for range queries since results are always ordered by labels",
                arguments.call.place,
            )
            return vector
        values = vector.values[0] if vector.steps else np.empty(0)
        keys = np.where(np.isnan(values), np.inf, -values if descending else values)
        return vector.columns(np.lexsort((keys, np.isnan(values))))

    return apply


FUNCTIONS: dict[str, Function] = {
    "label_replace": _label_replace,
    "label_join": _label_join,
    "vector": _vector,
    "sort": _sorting(descending=False),
    "sort_desc": _sorting(descending=True),
}
