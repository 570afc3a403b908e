"""Who takes alerts: Opsbook and Debian's Alertmanager, by the same configuration."""

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from bench.machine import missing
from bench.metrics.contestant import Server, answers
from bench.processes import running, until
from bench.service import free_port

ALERTMANAGER = "prometheus-alertmanager"
PLATFORM = "bench-alerts"
_OPSBOOK = str(Path(sys.executable).parent / "opsbook")


class Contestant(ABC):
    """One program; its files lie in a directory that is given."""

    name: ClassVar[str]

    def missing(self) -> str | None:
        """Why it cannot take part, or None."""
        return None

    @abstractmethod
    def words(self, place: Path, configuration: Path, port: int) -> list[str]:
        """The command that serves by a configuration of Alertmanager."""

    @contextmanager
    def serving(self, place: Path, hook: int, group_wait: str) -> Iterator[Server]:
        """It answers, knows of no alert, and tells the webhook at a port."""
        place.mkdir()
        port, file = free_port(), place / "alertmanager.yml"
        file.write_text(json.dumps(_configuration(hook, group_wait)), encoding="utf-8")
        begun = time.perf_counter()
        with running(self.words(place, file, port), log=place / "log") as process:
            server = Server(process, port, begun)
            until(lambda: answers(server, "/-/ready"), f"{self.name} is ready")
            yield server


class Opsbook(Contestant):
    """`opsbook up` on a book that names the configuration."""

    name = "opsbook"

    def words(self, place: Path, configuration: Path, port: int) -> list[str]:
        book = {"platform": {"name": PLATFORM}, "alerts": {"alertmanager": str(configuration)}}
        file = place / "book.yaml"
        file.write_text(json.dumps(book), encoding="utf-8")
        return [_OPSBOOK, "up", str(file), "--data", str(place / "data"), "--port", str(port)]


class Alertmanager(Contestant):
    """Without its cluster: alone, as Opsbook is."""

    name = "alertmanager"

    def missing(self) -> str | None:
        return missing(ALERTMANAGER)

    def words(self, place: Path, configuration: Path, port: int) -> list[str]:
        return [
            ALERTMANAGER,
            f"--config.file={configuration}",
            f"--storage.path={place / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]


def _configuration(hook: int, group_wait: str) -> dict[str, object]:
    return {
        "route": {
            "receiver": "hook",
            "group_by": ["alertname"],
            "group_wait": group_wait,
            "group_interval": "1h",
            "repeat_interval": "24h",
        },
        "receivers": [
            {
                "name": "hook",
                "webhook_configs": [{"url": f"http://127.0.0.1:{hook}/", "send_resolved": False}],
            }
        ],
    }
