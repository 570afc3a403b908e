"""How much the embedded store takes, keeps and holds in memory."""

from dataclasses import dataclass

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are milliseconds."""

    retention: int = 15 * DAY
    retention_bytes: int | None = None
    out_of_order: int = 600_000
    future: int = 600_000
    block: int = 2 * HOUR
    merged: tuple[int, ...] = (8 * HOUR, DAY)
    series: int = 1_000_000
    series_per_group: int = 50_000
    label_name_bytes: int = 1_024
    label_value_bytes: int = 16_384
    labels: int = 128
    query_samples: int = 50_000_000
    cache_bytes: int = 128 * 1024 * 1024
    head_bytes: int = 512 * 1024 * 1024
    """Above this, samples go into blocks before their two hours are over."""
    sync_seconds: float = 1.0
