"""Fingerprints of label sets, the same that Prometheus and Alertmanager compute."""

from opsbook.core.labels import Labels

_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_MASK = (1 << 64) - 1


def fingerprint(labels: Labels) -> str:
    """FNV-1a of 64 bits over names and values, each ended by 0xff; 16 hexadecimal digits.

    Source: LabelSet.Fingerprint of Prometheus' `common/model`.
    """
    value = _OFFSET
    for name, text in labels:
        for byte in b"\xff".join((name.encode(), text.encode(), b"")):
            value = ((value ^ byte) * _PRIME) & _MASK
    return f"{value:016x}"
