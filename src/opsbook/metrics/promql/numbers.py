"""Numbers as Go prints them, for labels and messages."""

import math

import numpy as np


def plain(value: float) -> str:
    """Without an exponent, as `count_values` writes a label: Go's format `f`."""
    return _special(value) or np.format_float_positional(value, trim="-")


def short(value: float) -> str:
    """The shortest form, with an exponent from 1e21 on and below 1e-4: Go's `%g`."""
    special = _special(value)
    if special:
        return special
    if value != 0 and not 1e-4 <= abs(value) < 1e21:
        digits, exponent = np.format_float_scientific(value, trim="-").split("e")
        return f"{digits}e{int(exponent):+03d}"
    return plain(value)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("+Inf" if value > 0 else "-Inf") if math.isinf(value) else ""
