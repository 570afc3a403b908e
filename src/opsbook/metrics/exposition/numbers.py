"""Numbers as the formats write them: what Go's ParseFloat takes, less hexadecimal and `_`."""

import re
from collections.abc import Sequence

import numpy as np

from opsbook.metrics.model import Values

_ALPHABET = b"0123456789.+-eEinfatyINFATY"
_NOT_FINITE = re.compile(rb"[+-]?inf(?:inity)?|nan", re.IGNORECASE)


def number(token: bytes) -> float:
    """Raises ValueError."""
    return float(numbers([token])[0])


def numbers(tokens: Sequence[bytes]) -> Values:
    """Raises ValueError, which does not say where."""
    # Python takes blanks and `_`, which the formats do not.
    if b"".join(tokens).translate(None, _ALPHABET):
        raise ValueError
    values = np.fromiter(map(float, tokens), np.float64, len(tokens))
    finite = np.isfinite(values)
    if not finite.all():
        # Python takes a NaN with a sign, and what is too great for infinity.
        for index in np.flatnonzero(~finite).tolist():
            if not _NOT_FINITE.fullmatch(tokens[index]):
                raise ValueError
    return values
