"""The questions, each to all three."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.metrics.data import Span


@dataclass(frozen=True, slots=True)
class Query:
    """One question, as the query API of Prometheus takes it."""

    name: str
    expression: str
    path: str
    parameters: Mapping[str, str]
    series: int
    """How many there are in the answer."""


def queries(covered: Span) -> list[Query]:
    hours = (covered.end - covered.start) // 3_600_000
    rate = "rate(x[5m])"
    buckets = "sum by (le) (rate(b_bucket[5m]))"
    return [
        _instant("rate", rate, 1000, covered),
        _range("sum of rates", f"sum by (job) ({rate})", 10, covered),
        _range("quantile", f"histogram_quantile(0.99, {buckets})", 1, covered),
        _instant("maximum", f"max_over_time(x[{hours}h])", 1000, covered),
        _instant("trend", "predict_linear(g[6h], 3600)", 100, covered),
    ]


def _instant(name: str, expression: str, series: int, covered: Span) -> Query:
    given = {"query": expression, "time": str(covered.end / 1000)}
    return Query(name, expression, "/api/v1/query", given, series)


def _range(name: str, expression: str, series: int, covered: Span) -> Query:
    given = {
        "query": expression,
        "start": str(covered.start / 1000),
        "end": str(covered.end / 1000),
        "step": "60",
    }
    return Query(name, f"{expression}, 60 s", "/api/v1/query_range", given, series)
