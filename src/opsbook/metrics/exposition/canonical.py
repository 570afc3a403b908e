"""Bounds of buckets and quantiles as OpenMetrics writes them, so that a series has one name."""

import math
from decimal import Decimal

from opsbook.metrics.exposition.numbers import number

BOUNDS = {"histogram": "le", "summary": "quantile"}
"""Type of a family → label that holds a number."""


def canonical(text: str) -> str:
    """`1` → `1.0`, as Prometheus 3 stores it. What is no number stays as it is."""
    try:
        value = number(text.encode())
    except ValueError:
        return text
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "0.0" if value == 0 else _short(value)


def _short(value: float) -> str:
    """Fewest digits that tell the value from others; Go's format `g`, and a point if need be."""
    digits = Decimal(repr(value)).normalize()
    exponent = digits.adjusted()
    if not -4 <= exponent < 6:
        return f"{digits.scaleb(-exponent)}e{exponent:+03d}"
    plain = f"{digits:f}"
    return plain if "." in plain else f"{plain}.0"
