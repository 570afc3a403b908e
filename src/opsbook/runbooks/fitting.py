"""Results of steps kept small: a run records each of them, and people read them."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from opsbook.core.secrets import mask
from opsbook.durable.values import Json, plain
from opsbook.runbooks.bounded import size

LARGEST_TEXT = 16_000
"""Characters, of up to three bytes each."""
LARGEST_DOCUMENT = 48_000
"""Bytes of JSON."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Neither PostgreSQL nor a terminal should be given these."""


def head(text: str, most: int = LARGEST_TEXT) -> str:
    """The beginning of a text, secrets masked."""
    # Masked before it is cut: the first half of a secret would not be known for one.
    return _printable(mask(text)[:most])


def tail(text: str, most: int = LARGEST_TEXT) -> str:
    """The end of a text, secrets masked."""
    return _printable(mask(text)[-most:])


def fitted(values: Iterable[Json], most: int = LARGEST_DOCUMENT) -> list[Json]:
    """The first of some values, as many as fit into so many bytes of JSON."""
    kept: list[Json] = []
    for value in values:
        most -= size(value) + 2
        if most < 0:
            break
        kept.append(value)
    return kept


def fitted_results(results: Mapping[str, Json], most: int = LARGEST_DOCUMENT) -> dict[str, Json]:
    """Results by step, as many as fit; of those that do not, nothing but that they are there."""
    kept: dict[str, Json] = {}
    for name, result in results.items():
        needed = size(result) + len(name) + 4
        fits = needed <= most
        kept[name] = result if fits else {"left_out": f"{needed} bytes"}
        most -= needed if fits else 0
    return kept


def document(text: str) -> Json:
    """A JSON text, secrets in it masked. Raises ValueError saying what is wrong with it."""
    try:
        found = plain(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if size(found) > LARGEST_DOCUMENT:
        raise ValueError(f"JSON of more than {LARGEST_DOCUMENT} bytes: have less of it given")
    return found


def number(value: float) -> Json:
    """A number as JSON can have it: what is not finite is text, as Prometheus writes it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else '+'}Inf"


def simple(value: Any) -> Json:
    """A measured value as JSON."""
    if isinstance(value, str):
        return head(value, 1000)
    return number(value) if isinstance(value, float) else value


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
