"""Classic histograms: series that differ only in `le`, brought together as matrices."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.model import Values
from opsbook.metrics.promql.query import Query
from opsbook.metrics.promql.vector import Indices, Vector

_BOUND = "le"


@dataclass(frozen=True, slots=True)
class Histograms:
    """Histograms with the same bounds, at steps where they have the same buckets.

    `counts` is (buckets × steps × histograms), cumulative, in the order of the bounds.
    """

    columns: tuple[int, ...]
    """Their places among the labels of all histograms."""
    rows: Indices
    bounds: Values
    counts: Values


def histograms(query: Query, vector: Vector, place: str) -> tuple[list[Labels], list[Histograms]]:
    """The labels of all, `le` taken away, and their buckets. Warns of a bound that is none."""
    members: dict[Labels, list[tuple[float, int]]] = {}
    for column, labels in enumerate(vector.labels):
        bound = _bound(query, labels, place)
        if bound is not None:
            rest = tuple(pair for pair in labels if pair[0] != _BOUND)
            members.setdefault(rest, []).append((bound, column))
    alike: dict[tuple[float, ...], list[tuple[int, list[int]]]] = {}
    for number, buckets in enumerate(members.values()):
        buckets.sort()
        bounds = tuple(bound for bound, _ in buckets)
        alike.setdefault(bounds, []).append((number, [column for _, column in buckets]))
    parts = [
        part for bounds, group in alike.items() for part in _parts(vector, np.array(bounds), group)
    ]
    return list(members), parts


def _bound(query: Query, labels: Labels, place: str) -> float | None:
    values = dict(labels)
    text = values.get(_BOUND, "")
    try:
        if not text or "_" in text or text != text.strip():
            raise ValueError(text)
        return float(text)
    except ValueError:
        name = values.get(NAME, "")
        of_metric = f' for metric name "{name}"' if name else ""
        query.warn(
            f'bucket label "{_BOUND}" is missing or has a malformed value of "{text}"{of_metric}',
            place,
        )
        return None


def _parts(
    vector: Vector, bounds: Values, group: list[tuple[int, list[int]]]
) -> Iterator[Histograms]:
    """All of them at once at steps where no bucket is missing, else by what is there."""
    index = np.array([columns for _, columns in group]).T
    numbers = tuple(number for number, _ in group)
    present = vector.present[:, index]
    full = np.logical_and.reduce(present, axis=(1, 2))
    if full.any():
        rows = np.flatnonzero(full)
        yield _coalesced(numbers, rows, bounds, vector.values[rows][:, index].transpose(1, 0, 2))
    rest = np.flatnonzero(~full)
    for place, number in enumerate(numbers):
        patterns, which = np.unique(present[rest, :, place], axis=0, return_inverse=True)
        for pattern, there in enumerate(patterns):
            rows = rest[which.ravel() == pattern]
            if there.any():
                counts = vector.values[np.ix_(rows, index[there, place])].T[:, :, None]
                yield _coalesced((number,), rows, bounds[there], counts)


def _coalesced(
    columns: tuple[int, ...], rows: Indices, bounds: Values, counts: Values
) -> Histograms:
    """Buckets with the same bound, written differently, are one."""
    starts = np.flatnonzero(np.concatenate([[True], bounds[1:] != bounds[:-1]]))
    if len(starts) < len(bounds):
        bounds, counts = bounds[starts], np.add.reduceat(counts, starts, axis=0)
    return Histograms(columns, rows, bounds, np.array(counts))


@dataclass(slots=True)
class Forced:
    """Where counts fell from one bucket to the next and were raised."""

    samples: NDArray[np.bool_]
    """Steps × histograms."""
    lowest: float = np.inf
    highest: float = -np.inf
    difference: float = 0.0


def made_monotonic(histogram: Histograms) -> Forced:
    """Raises counts that are below an earlier bucket's; differences of rounding are not told."""
    counts = histogram.counts
    forced = Forced(np.zeros(counts.shape[1:], dtype=bool))
    previous = counts[0].copy()
    for number in range(1, len(counts)):
        current = counts[number]
        near = np.abs(current - previous) < 1e-12 * (np.abs(current) + np.abs(previous))
        lower = (current < previous) & ~near
        if lower.any():
            forced.samples |= lower
            forced.lowest = min(forced.lowest, float(histogram.bounds[number]))
            forced.highest = max(forced.highest, float(histogram.bounds[number]))
            difference = float((previous - current)[lower].max())
            forced.difference = max(forced.difference, difference)
        counts[number] = np.where(near | lower, previous, current)
        previous = counts[number]
    return forced
