"""Series and samples as remote write 1.0 sends them."""

from collections.abc import Sequence

import numpy as np

from opsbook.core.labels import Labels
from opsbook.metrics.model import Times, Values
from opsbook.metrics.remote.wire import encoded_bytes, encoded_varint

_SERIES = 1


def encoded_labels(labels: Labels) -> bytes:
    """The part of a series that is the same in every request.

    What came into a label as bytes of no text is sent as question marks.
    """
    return b"".join(
        encoded_bytes(
            1,
            encoded_bytes(1, name.encode(errors="replace"))
            + encoded_bytes(2, value.encode(errors="replace")),
        )
        for name, value in labels
    )


def encoded_series(part: bytes, times: Times, values: Values) -> bytes:
    """A message with one series; several of them in a row are a message too."""
    raw = values.astype("<f8").tobytes()
    samples = (
        encoded_bytes(2, b"\x09" + raw[8 * place : 8 * place + 8] + b"\x10" + encoded_varint(at))
        for place, at in enumerate(times.tolist())
    )
    return encoded_bytes(_SERIES, part + b"".join(samples))


def encoded_row(parts: Sequence[bytes], at: int, values: Values) -> bytes:
    """A message with one sample of each series, all of one time."""
    stamp = b"\x10" + encoded_varint(at)
    head = bytes([0x12, 9 + len(stamp), 0x09])
    raw = np.ascontiguousarray(values, "<f8").tobytes()
    more = len(head) + 8 + len(stamp)
    return b"".join(
        piece
        for place, part in enumerate(parts)
        for piece in (
            b"\x0a",
            encoded_varint(len(part) + more),
            part,
            head,
            raw[8 * place : 8 * place + 8],
            stamp,
        )
    )
