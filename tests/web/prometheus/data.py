"""Samples for tests, for a store and as OpenMetrics for whoever else is to have the same."""

import math
from collections.abc import Mapping

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.store import Store

STEP = 15_000
"""Milliseconds from one sample to the next."""
Samples = Mapping[Labels, Mapping[int, float]]


def samples(begin: int, count: int) -> dict[Labels, dict[int, float]]:
    """Counters, gauges with every kind of value, a histogram, a series that ends."""
    times = [begin + STEP * step for step in range(count)]
    # The first three are the newest of 121, and so those that are federated.
    large = (1e6, 123456789.25, 1.5e22)
    odd = (*large, 0.1, 1e-7, -2.5, math.inf, -math.inf, math.nan, 0.30000000000000004)
    found = {}
    for number, (job, instance) in enumerate((("api", "a:1"), ("api", "b:1"), ("db", "c:1"))):
        own = {"job": job, "instance": instance}
        found[labels_of({NAME: "up", **own})] = {at: float(number != 1) for at in times}
        found[labels_of({NAME: "requests_total", "code": "200", **own})] = {
            at: 10.0 * step * (number + 1) + step % 7 for step, at in enumerate(times)
        }
        found[labels_of({NAME: "load", **own, "text": 'a "b" \\ <ü>'})] = {
            at: odd[(step + number) % len(odd)] for step, at in enumerate(times)
        }
    for bound, share in (("0.1", 1), ("1", 3), ("+Inf", 4)):
        labels = labels_of({NAME: "took_seconds_bucket", "job": "api", "le": bound})
        found[labels] = {at: float(share * step) for step, at in enumerate(times)}
    found[labels_of({NAME: "gone", "job": "api"})] = dict.fromkeys(times[: count // 2], 1.0)
    return found


def fill(store: Store, found: Samples) -> None:
    """Row by row, in the order of the times."""
    times = sorted({at for series in found.values() for at in series})
    for at in times:
        row = {labels: series[at] for labels, series in found.items() if at in series}
        store.append("test", at, row)


def openmetrics(found: Samples) -> str:
    lines = []
    for labels, series in sorted(found.items()):
        pairs = dict(labels)
        name = pairs.pop(NAME)
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in pairs.items())
        head = f"# TYPE {name.removesuffix('_total')} unknown"
        if head not in lines:
            lines.append(head)
        lines += [f"{name}{{{inside}}} {_number(v)} {at / 1000:.3f}" for at, v in series.items()]
    return "\n".join([*lines, "# EOF", ""])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")


def _number(value: float) -> str:
    return repr(value).replace("inf", "Inf").replace("nan", "NaN")
