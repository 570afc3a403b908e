"""Requests of remote write, written field by field as a sender might write them."""

import struct
from collections.abc import Iterable, Mapping

import numpy as np

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.remote.encoding import encoded_labels, encoded_series
from opsbook.metrics.remote.snappy import deflated
from opsbook.metrics.remote.wire import encoded_bytes, encoded_varint

Points = Iterable[tuple[int, float]]
NOW = 1_700_000_000_000


def series(name: str, **labels: str) -> Labels:
    return labels_of({"__name__": name, **labels})


def message(samples: Mapping[Labels, Points]) -> bytes:
    return b"".join(
        encoded_series(
            encoded_labels(labels),
            np.array([at for at, _ in points], np.int64),
            np.array([value for _, value in points], np.float64),
        )
        for labels, points in ((labels, list(points)) for labels, points in samples.items())
    )


def body(samples: Mapping[Labels, Points]) -> bytes:
    return deflated(message(samples))


def sample(at: int, value: float) -> bytes:
    """As protobuf's third version writes it: without what is zero."""
    stamp = b"\x10" + encoded_varint(at) if at else b""
    number = b"\x09" + struct.pack("<d", value) if value else b""
    return encoded_bytes(2, number + stamp)


def metadata(kind: int, name: str, text: str, unit: str) -> bytes:
    said = b"\x08" + encoded_varint(kind) + encoded_bytes(2, name.encode())
    return encoded_bytes(
        3, said + encoded_bytes(4, text.encode()) + encoded_bytes(5, unit.encode())
    )
