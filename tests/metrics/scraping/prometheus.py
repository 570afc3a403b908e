"""A real Prometheus for tests: which targets it makes of a configuration, and what it refuses."""

import json
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import accepts, running, wait_until

_SYNCED = "prometheus_target_sync_length_seconds_count{"
"""How often the targets of a job were worked out."""


def targets_of(configuration: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """`/api/v1/targets` of a server that has found the targets of every job."""
    file = directory / "prometheus.yml"
    file.write_text(json.dumps(configuration))
    port = free_port()
    argv = [
        needs_program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=no-default-scrape-port",  # as in version 3
        "--log.level=error",
    ]

    def complete() -> bool:
        metrics = _answer(port, "/metrics").decode().splitlines()
        synced = [line for line in metrics if line.startswith(_SYNCED) and not line.endswith(" 0")]
        return len(synced) == len(configuration["scrape_configs"])

    with running(argv, directory, lambda: accepts(port)):
        wait_until(complete)
        found: dict[str, Any] = json.loads(_answer(port, "/api/v1/targets"))["data"]
    return found


def _answer(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        body: bytes = answer.read()
    return body


def refused_by_promtool(files: Sequence[Path]) -> set[Path]:
    """Those of the configurations that do not pass its check."""
    argv = [needs_program("promtool", "prometheus"), "check", "config", *map(str, files)]
    run = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    parts = run.stdout.decode().split("Checking ")[1:]
    said = {Path(part.split("\n", 1)[0]): "SUCCESS: " in part for part in parts}
    return {file for file in files if not said[file]}
