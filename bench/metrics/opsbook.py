"""Opsbook: `opsbook up` on a data directory that was filled through the store's interface."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.metrics.contestant import Contestant, Kept, size
from bench.metrics.data import Span, Target
from bench.table import say

PLATFORM = "bench-metrics"
_OPSBOOK = str(Path(sys.executable).parent / "opsbook")


class Opsbook(Contestant):
    """With the memory for samples that were read lately as it comes, or with none."""

    name = "opsbook"

    def __init__(self, cache: str | None = None) -> None:
        self._cache = cache

    def missing(self) -> str | None:
        return None

    def words(self, place: Path, port: int, jobs: Path | None) -> list[str]:
        book: dict[str, object] = {"platform": {"name": PLATFORM}}
        if self._cache is not None:
            book["metrics"] = {"embedded": {"cache": self._cache}}
        if jobs is not None:
            book["scrape"] = {"prometheus": [str(jobs)]}
        file = place / "book.yaml"
        file.write_text(json.dumps(book), encoding="utf-8")
        return [_OPSBOOK, "up", str(file), "--data", str(place / "data"), "--port", str(port)]

    def fill(self, place: Path, targets: Sequence[Target], covered: Span) -> None:
        """In a process of its own: it ends, and leaves nothing in memory."""
        hours = (covered.end - covered.start) // 3_600_000
        words = [sys.executable, "-m", "bench.metrics.fill", str(place / "data"), str(hours)]
        told = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        say(
            f"  {told['samples_per_second']:,.0f} samples/s by append_row, "
            f"{told['cpu_us_per_sample']:.2f} µs of CPU each; "
            f"the longest took {told['longest_append_ms']:.0f} ms"
        )

    def kept(self, place: Path) -> Kept:
        blocks = place / "data" / "metrics" / "blocks"
        count = len(list(blocks.iterdir()))
        return Kept(size(blocks), f"{count} block{'s' * (count > 1)}, merged; without the log")
