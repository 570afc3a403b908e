"""Debian's Prometheus."""

from collections.abc import Sequence
from pathlib import Path

from bench.machine import missing
from bench.metrics.contestant import Contestant, Kept, answers, size, until_idle
from bench.metrics.data import Span, Target
from bench.metrics.writing import with_tail, write
from bench.processes import until

_BLOCK_NAME = 26
"""Characters of a block's directory, a ULID."""


class Prometheus(Contestant):
    """Filled by remote write in the order of time, so that it cuts and merges blocks by itself."""

    name = "prometheus"

    def missing(self) -> str | None:
        return missing("prometheus")

    def words(self, place: Path, port: int, jobs: Path | None) -> list[str]:
        file = place / "prometheus.yml"
        file.write_text("{}\n" if jobs is None else jobs.read_text("utf-8"), encoding="utf-8")
        return [
            "prometheus",
            f"--config.file={file}",
            f"--storage.tsdb.path={place / 'tsdb'}",
            "--storage.tsdb.retention.time=5y",
            "--web.enable-remote-write-receiver",
            f"--web.listen-address=127.0.0.1:{port}",
        ]

    def fill(self, place: Path, targets: Sequence[Target], covered: Span) -> None:
        with self.serving(place) as server:
            until(lambda: answers(server, "/-/ready"), "prometheus is ready")
            write(server, with_tail(targets), range(covered.rows + 1))
            until_idle(server)

    def kept(self, place: Path) -> Kept:
        blocks = [each for each in (place / "tsdb").iterdir() if len(each.name) == _BLOCK_NAME]
        return Kept(size(*blocks), f"{len(blocks)} blocks, with their indexes; without the log")
