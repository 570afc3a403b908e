"""Samples in memory, to be selected from as from a store."""

from collections.abc import Iterable
from typing import Literal

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.matching import matching
from opsbook.metrics.model import ABSENT, Frame, Matcher, is_stale

Layout = Literal["apart", "together"]


class Memory:
    """`together` puts all series into one frame with gaps; `apart` only those without gaps."""

    def __init__(self, layout: Layout = "apart") -> None:
        self._layout = layout
        self._series: dict[Labels, dict[int, float]] = {}

    def add(self, labels: Labels, samples: Iterable[tuple[int, float]]) -> None:
        self._series.setdefault(labels, {}).update(samples)

    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        matches = matching(matchers)
        found = {}
        for labels, samples in self._series.items():
            inside = {at: value for at, value in samples.items() if start <= at <= end}
            if inside and matches(labels):
                found[labels] = inside
        return [_frame(group) for group in self._groups(found)]

    def _groups(
        self, found: dict[Labels, dict[int, float]]
    ) -> list[dict[Labels, dict[int, float]]]:
        if self._layout == "together":
            return [found] if found else []
        groups: dict[tuple[int, ...], dict[Labels, dict[int, float]]] = {}
        for labels, samples in found.items():
            groups.setdefault(tuple(sorted(samples)), {})[labels] = samples
        return list(groups.values())


def _frame(group: dict[Labels, dict[int, float]]) -> Frame:
    times = sorted({at for samples in group.values() for at in samples})
    values = np.array(
        [[samples.get(at, ABSENT) for samples in group.values()] for at in times], dtype=float
    )
    gaps = any(len(samples) < len(times) for samples in group.values())
    whole = not gaps and not is_stale(values).any()
    return Frame(tuple(group), np.array(times, dtype=np.int64), values, whole)
