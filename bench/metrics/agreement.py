"""Whether all say the same."""

import math
import statistics
from collections.abc import Iterator, Sequence

from bench.metrics.client import Client, results
from bench.metrics.data import Span, Target
from bench.metrics.expected import EXPECTED, UNTIL_FULL, Series
from bench.metrics.queries import Query
from opsbook.core.labels import NAME, Labels, labels_of

_TOLERANCE = 1e-9


def answer(client: Client, query: Query) -> Series:
    """Raises RuntimeError if it has another number of series than there are."""
    found = results(client.get(query.path, query.parameters))
    if len(found) != query.series:
        raise RuntimeError(f"{query.expression}: {len(found)} series, not {query.series}")
    return {
        _unnamed(one["metric"]): {
            float(at): float(value) for at, value in one.get("values", [one.get("value")])
        }
        for one in found
    }


def _unnamed(metric: dict[str, str]) -> Labels:
    """VictoriaMetrics keeps the name where Prometheus drops it."""
    return labels_of({name: value for name, value in metric.items() if name != NAME})


def verdicts(
    query: Query, said: dict[str, Series], targets: Sequence[Target], covered: Span
) -> Iterator[str]:
    """One for each of the others, against opsbook or, where it should differ, the samples.

    Of steps whose windows lie within what is covered: a counter that is first seen in the
    window is extrapolated otherwise by Prometheus before version 3, and by VictoriaMetrics.
    """
    inside = {name: _from(covered.start + UNTIL_FULL, series) for name, series in said.items()}
    ours = inside.pop("opsbook")
    for name, theirs in inside.items():
        if name == "victoria-metrics" and query.name in EXPECTED:
            formula = EXPECTED[query.name](targets, covered)
            own, apart = _difference(formula, theirs), _difference(ours, theirs)
            yield f"{name}: {own} its own formula; {apart} opsbook's answer"
        else:
            yield f"{name}: {_difference(ours, theirs)} opsbook's answer"


def _from(start: int, series: Series) -> Series:
    return {
        labels: {at: value for at, value in points.items() if at >= start / 1000}
        for labels, points in series.items()
    }


def _difference(expected: Series, found: Series) -> str:
    if {one: set(points) for one, points in expected.items()} != {
        one: set(points) for one, points in found.items()
    }:
        return "OTHER SERIES OR TIMES than"
    apart = [
        _apart(value, found[labels][at])
        for labels, points in expected.items()
        for at, value in points.items()
    ]
    far = sum(one > _TOLERANCE for one in apart)
    if not far:
        return f"equal (to 1e-9, {len(apart):,} values) to"
    return (
        f"{far:,} of {len(apart):,} values not equal (half of all within "
        f"{statistics.median(apart):.1e}, the worst {max(apart):.1e}) to"
    )


def _apart(one: float, other: float) -> float:
    if math.isnan(one) or math.isnan(other):
        return 0.0 if math.isnan(one) and math.isnan(other) else math.inf
    return abs(one - other) / max(abs(one), abs(other), 1e-3)
