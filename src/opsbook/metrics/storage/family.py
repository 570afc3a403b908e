"""Which columns stand beside each other in a block: those of one metric, buckets in order."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from opsbook.core.labels import NAME, Labels

_MOST = 128
"""Columns in one chunk; what is encoded at once stays small in memory."""

Key = tuple[str, Labels, float, str]


def family_key(labels: Labels) -> Key:
    """Sorts by metric, then by all labels but `le`, then by the bound that `le` is."""
    name = next((value for key, value in labels if key == NAME), "")
    bound = next((value for key, value in labels if key == "le"), "")
    others = tuple(pair for pair in labels if pair[0] != "le")
    return name, others, _number(bound), bound


def families(sorted_labels: Sequence[Labels]) -> Iterator[range]:
    """Spans of columns of the same metric, none too long."""
    start = 0
    for _, members in groupby(sorted_labels, key=lambda labels: family_key(labels)[0]):
        end = start + sum(1 for _ in members)
        while start < end:
            stop = min(start + _MOST, end)
            yield range(start, stop)
            start = stop


def chains(labels: Sequence[Labels]) -> list[int]:
    """How many columns in a row are buckets of the same histogram."""
    return [sum(1 for _ in run) for _, run in groupby(labels, key=lambda one: family_key(one)[1])]


def _number(bound: str) -> float:
    try:
        return float(bound)
    except ValueError:
        return 0.0
