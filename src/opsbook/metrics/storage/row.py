"""One row of values as bytes of the log: small when counters move a little."""

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import Values

_WIDTHS = (np.dtype("<i1"), np.dtype("<i2"), np.dtype("<i4"), np.dtype("<i8"))
_RANGES = [(-(2**exponent), 2**exponent - 1) for exponent in (7, 15, 31, 63)]
_MIXED = 0x10

Integers = NDArray[np.int64]


def as_integers(values: Values) -> tuple[Integers, NDArray[np.bool_]]:
    """The values as integers, and which of them are exactly that, to the last bit (-0.0 is not)."""
    with np.errstate(invalid="ignore"):
        integers = values.astype(np.int64)
    return integers, integers.astype(np.float64).view(np.uint64) == values.view(np.uint64)


def encode_row(values: Values, base: Integers) -> bytes:
    """Integral values as differences to `base`, which is moved on to them; others as they are."""
    integers, integral = as_integers(values)
    if integral.all():
        deltas = integers - base
        base[:] = integers
        return _narrow(deltas, 0)
    deltas = integers[integral] - base[integral]
    base[integral] = integers[integral]
    head = _narrow(deltas, _MIXED)
    return head[:1] + np.packbits(integral).tobytes() + head[1:] + values[~integral].tobytes()


def decode_row(payload: memoryview, base: Integers) -> Values:
    """What `encode_row` was given, with the same `base`. Raises ValueError."""
    code, count = payload[0], len(base)
    width = _WIDTHS[code & 0x0F]
    if not code & _MIXED:
        base += np.frombuffer(payload, width, count, 1)
        return base.astype(np.float64)
    masked = (count + 7) // 8
    mask = np.unpackbits(np.frombuffer(payload, np.uint8, masked, 1), count=count)
    integral = mask.astype(np.bool_)
    whole = int(integral.sum())
    base[integral] += np.frombuffer(payload, width, whole, 1 + masked)
    values = base.astype(np.float64)
    at = 1 + masked + whole * width.itemsize
    values[~integral] = np.frombuffer(payload, "<f8", count - whole, at)
    return values


def _narrow(deltas: Integers, flags: int) -> bytes:
    low, high = (int(deltas.min()), int(deltas.max())) if len(deltas) else (0, 0)
    code = next(code for code, (least, most) in enumerate(_RANGES) if least <= low <= high <= most)
    return bytes([code | flags]) + deltas.astype(_WIDTHS[code]).tobytes()
