"""Functions of each value alone."""

from collections.abc import Callable

import numpy as np

from opsbook.metrics.model import Values
from opsbook.metrics.promql.arguments import Arguments, Function
from opsbook.metrics.promql.vector import Vector


def _each(function: Callable[[Values], Values]) -> Function:
    def apply(arguments: Arguments) -> Vector:
        vector = arguments.vector(0)
        return vector.with_values(function(vector.values))

    return apply


def _clamp(arguments: Arguments) -> Vector:
    vector = arguments.vector(0)
    least, most = arguments.scalar(1)[:, None], arguments.scalar(2)[:, None]
    clamped = vector.with_values(np.maximum(least, np.minimum(most, vector.values)))
    return clamped.where(vector.present & ~(most < least))


def _clamp_min(arguments: Arguments) -> Vector:
    vector = arguments.vector(0)
    return vector.with_values(np.maximum(arguments.scalar(1)[:, None], vector.values))


def _clamp_max(arguments: Arguments) -> Vector:
    vector = arguments.vector(0)
    return vector.with_values(np.minimum(arguments.scalar(1)[:, None], vector.values))


def _round(arguments: Arguments) -> Vector:
    """To the nearest multiple, halves up; by the inverse, as Prometheus does, for its digits."""
    vector = arguments.vector(0)
    nearest = arguments.scalar(1)[:, None] if arguments.count > 1 else np.ones((1, 1))
    inverse = 1 / nearest
    return vector.with_values(np.floor(vector.values * inverse + 0.5) / inverse)


FUNCTIONS: dict[str, Function] = {
    "abs": _each(np.abs),
    "ceil": _each(np.ceil),
    "floor": _each(np.floor),
    "exp": _each(np.exp),
    "sqrt": _each(np.sqrt),
    "ln": _each(np.log),
    "log2": _each(np.log2),
    "log10": _each(np.log10),
    "sgn": _each(np.sign),
    "sin": _each(np.sin),
    "cos": _each(np.cos),
    "tan": _each(np.tan),
    "asin": _each(np.arcsin),
    "acos": _each(np.arccos),
    "atan": _each(np.arctan),
    "sinh": _each(np.sinh),
    "cosh": _each(np.cosh),
    "tanh": _each(np.tanh),
    "asinh": _each(np.arcsinh),
    "acosh": _each(np.arccosh),
    "atanh": _each(np.arctanh),
    "rad": _each(lambda values: values * np.pi / 180),
    "deg": _each(lambda values: values * 180 / np.pi),
    "clamp": _clamp,
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    "round": _round,
}
