"""Fingerprints of label sets, the same that Prometheus and Alertmanager compute."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from opsbook.core.labels import Labels

_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_MASK = (1 << 64) - 1
_FEW = 32
"""For fewer label sets, one after the other is faster."""
_LONG = 1024
"""Bytes; longer ones are computed alone, for all others would take as much memory."""


def fingerprint(labels: Labels) -> str:
    """FNV-1a of 64 bits over names and values, each ended by 0xff; 16 hexadecimal digits.

    Source: LabelSet.Fingerprint of Prometheus' `common/model`.
    """
    return _alone(_text(labels))


def fingerprints(label_sets: Sequence[Labels]) -> list[str]:
    """The same of many: all of them advance by one byte at a time."""
    texts = list(map(_text, label_sets))
    if len(texts) < _FEW:
        return list(map(_alone, texts))
    found = {text: _alone(text) for text in texts if len(text) > _LONG}
    found |= _together(sorted((text for text in texts if text not in found), key=len))
    return [found[text] for text in texts]


def _alone(text: bytes) -> str:
    value = _OFFSET
    for byte in text:
        value = ((value ^ byte) * _PRIME) & _MASK
    return f"{value:016x}"


def _together(texts: Sequence[bytes]) -> dict[bytes, str]:
    """Of texts in the order of their lengths: those that have ended are in front."""
    values = np.full(len(texts), _OFFSET, np.uint64)
    prime = np.uint64(_PRIME)
    for column, ended in _columns(texts):
        going = values[ended:]
        going ^= column[ended:]
        going *= prime
    return {text: f"{value:016x}" for text, value in zip(texts, values.tolist(), strict=True)}


def _columns(texts: Sequence[bytes]) -> Iterator[tuple[np.ndarray[Any, Any], int]]:
    """The first bytes of all texts, the second ones, and so on; and how many have none."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    there = np.arange(lengths.max(initial=0)) < lengths[:, None]
    rows = np.zeros(there.shape, np.uint8)
    rows[there] = np.frombuffer(b"".join(texts), np.uint8)
    columns = np.ascontiguousarray(rows.T).astype(np.uint64)
    return zip(columns, (~there).sum(axis=0).tolist(), strict=True)


def _text(labels: Labels) -> bytes:
    return b"".join([name.encode() + b"\xff" + value.encode() + b"\xff" for name, value in labels])
