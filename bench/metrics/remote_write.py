"""Remote write 1.0: requests with one sample of each series, as an agent sends them.

Source: the remote write specification of Prometheus; snappy's raw format around protobuf.
"""

from collections.abc import Iterator, Sequence

import cramjam
import numpy as np
from numpy.typing import NDArray

from bench.metrics.data import Target
from opsbook.core.labels import Labels

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_TIME_BYTES = 6
"""Of a varint that holds the milliseconds of this century."""
_VALUE_BYTES = 8


def requests(targets: Sequence[Target], rows: range) -> Iterator[bytes]:
    """A body for each row, with the samples of all targets at it."""
    forms = [_Form(target) for target in targets]
    for row in rows:
        body = b"".join(form.filled(row) for form in forms)
        yield bytes(cramjam.snappy.compress_raw(body))


class _Form:
    """The bytes of one target's row, in which only times and values change."""

    def __init__(self, target: Target) -> None:
        self._target = target
        series = [_time_series(labels) for labels in target.labels]
        self._bytes = np.frombuffer(b"".join(series), np.uint8).copy()
        ends = np.cumsum([len(one) for one in series])
        times = ends - _TIME_BYTES
        values = times - 1 - _VALUE_BYTES
        self._times = times[:, None] + np.arange(_TIME_BYTES)
        self._values = values[:, None] + np.arange(_VALUE_BYTES)

    def filled(self, row: int) -> bytes:
        self._bytes[self._times] = _varint(int(self._target.times[row]))
        values = np.ascontiguousarray(self._target.values[row])
        self._bytes[self._values] = values.view(np.uint8).reshape(-1, _VALUE_BYTES)
        return self._bytes.tobytes()


def _time_series(labels: Labels) -> bytes:
    pairs = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels
    )
    sample = b"\x09" + bytes(_VALUE_BYTES) + b"\x10" + bytes(_TIME_BYTES)
    return _field(1, pairs + _field(2, sample))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _length(len(content)) + content


def _length(count: int) -> bytes:
    found = bytearray()
    while count > 0x7F:
        found.append(count & 0x7F | 0x80)
        count >>= 7
    return bytes([*found, count])


def _varint(at: int) -> NDArray[np.uint8]:
    return np.frombuffer(_length(at), np.uint8)
