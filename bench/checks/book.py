"""A book of many HTTP checks on one server."""

import json
from pathlib import Path

from bench.service import Service


def write_book(file: Path, target: Service, count: int, every: str) -> Path:
    """Each check has its own path and conditions on status, size and time."""
    conditions = {
        "status": {"equals": 200},
        "body_bytes": {"at_least": 3},
        "latency_seconds": {"at_most": {"warning": "2s", "critical": "4s"}},
    }
    checks = {
        f"answers-{number}": {
            "http": {"url": f"{target.url}{number}"},
            "every": every,
            "conditions": conditions,
        }
        for number in range(count)
    }
    book = {"platform": {"name": "bench-checks"}, "checks": checks}
    file.write_text(json.dumps(book), encoding="utf-8")
    return file
