"""Times and durations as Prometheus writes them for people."""

from opsbook.core.clock import iso

_UNITS = (
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
)
_EXACT_ONLY = ("y", "w", "d")
"""Units that are written only where nothing smaller is left."""


def moment_text(seconds: float | None) -> str:
    """RFC 3339 in UTC; what never was is in the year 1, as in Go."""
    return "0001-01-01T00:00:00Z" if seconds is None else iso(seconds)


def duration_text(seconds: float) -> str:
    """`15s`, `1m30s`, `250ms`."""
    left = round(seconds * 1000)
    parts = []
    for unit, size in _UNITS:
        if left >= size and not (unit in _EXACT_ONLY and left % size):
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts) or "0s"
