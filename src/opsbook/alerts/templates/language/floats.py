"""Floats as Go writes them (`strconv.FormatFloat`)."""

import math
from decimal import Decimal

_POINT_UP_TO = 6
"""Digits before the point from which the shortest form gets an exponent."""


def format_float(value: float, verb: str = "g", precision: int | None = None) -> str:
    """`verb` is e, f, g or x; without a precision, with as many digits as tell it from others."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "-Inf" if value < 0 else "+Inf"
    if verb == "x":
        return _hexadecimal(value)
    if precision is not None:
        return f"{value:.{max(precision, verb == 'g')}{verb}}"
    return _shortest(value, verb)


def _shortest(value: float, verb: str) -> str:
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) - 1 + exponent
    if value and verb != "f" and (verb == "e" or not -4 <= power < _POINT_UP_TO):
        whole, *rest = (str(digit) for digit in digits)
        mantissa = f"{whole}.{''.join(rest)}" if rest else whole
        return f"{'-' * sign}{mantissa}e{power:+03d}"
    return f"{Decimal(repr(value)).normalize():f}"


def _hexadecimal(value: float) -> str:
    mantissa, exponent = value.hex().split("p")
    shortest = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{shortest}p{int(exponent):+03d}"
