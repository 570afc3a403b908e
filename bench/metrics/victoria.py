"""Debian's VictoriaMetrics, a single node."""

import time
from collections.abc import Sequence
from pathlib import Path

from bench.machine import missing
from bench.metrics.client import Client
from bench.metrics.contestant import Contestant, Kept, answers, size, until_idle
from bench.metrics.data import Span, Target
from bench.metrics.writing import with_tail, write
from bench.processes import until

_FLUSHED_SECONDS = 5.0


class Victoria(Contestant):
    """Filled by remote write, and told to merge."""

    name = "victoria-metrics"

    def missing(self) -> str | None:
        return missing("victoria-metrics")

    def words(self, place: Path, port: int, jobs: Path | None) -> list[str]:
        scraping = [] if jobs is None else [f"-promscrape.config={jobs}"]
        return [
            "victoria-metrics",
            f"-storageDataPath={place / 'storage'}",
            "-retentionPeriod=5y",
            f"-httpListenAddr=127.0.0.1:{port}",
            *scraping,
        ]

    def fill(self, place: Path, targets: Sequence[Target], covered: Span) -> None:
        with self.serving(place) as server:
            until(lambda: answers(server, "/health"), "victoria-metrics answers")
            write(server, with_tail(targets), range(covered.rows + 1))
            time.sleep(_FLUSHED_SECONDS)  # what was written lately lies in memory for seconds
            client = Client(server.port)
            client.get("/internal/force_merge", {})
            client.close()
            until_idle(server)

    def kept(self, place: Path) -> Kept:
        storage = place / "storage"
        return Kept(size(storage / "data", storage / "indexdb"), "data and index, merged")
