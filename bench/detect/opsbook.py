"""Opsbook: a real `opsbook up`, timed by what it says and by what its ledger has."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bench.detect.watcher import Watcher
from bench.processes import running
from bench.service import Service

OPSBOOK = str(Path(sys.executable).parent / "opsbook")

_TOLD = {"died": "seen", "started": "started", "verified": "verified"}


class Opsbook(Watcher):
    """The `process` controller, and an HTTP check every second that verifies it."""

    name = "opsbook"

    def __init__(self) -> None:
        self._lines: list[tuple[float, str]] = []
        self._line = threading.Condition()
        self._ledger: dict[str, list[float]] = {}

    def missing(self) -> str | None:
        return None

    @contextmanager
    def watching(self, service: Service, place: Path) -> Iterator[None]:
        book, data = place / "book.yaml", place / "data"
        book.write_text(json.dumps(_book(service)), encoding="utf-8")
        words = [OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
        with running(words, log=place / "log", output=subprocess.PIPE) as process:
            assert process.stdout is not None
            reader = threading.Thread(target=self._read, args=[process.stdout], daemon=True)
            reader.start()
            try:
                self._until_verified(0.0, within=30)
                yield
            finally:
                process.terminate()
                reader.join(timeout=10)
        self._ledger = _recorded(data)

    def told(self, killed: float, within: float) -> dict[str, float]:
        """When its lines arrived here, until it said that the service is verified."""
        moments = self._until_verified(killed, within)
        return {f"kill → {_TOLD[word]}": (at - killed) * 1e3 for word, at in moments.items()}

    def recorded(self) -> dict[str, list[float]]:
        return self._ledger

    def _until_verified(self, since: float, within: float) -> dict[str, float]:
        with self._line:
            if not self._line.wait_for(lambda: "verified" in self._said(since), within):
                raise TimeoutError(f"opsbook has verified nothing within {within:g} s")
            return self._said(since)

    def _said(self, since: float) -> dict[str, float]:
        return {word: at for at, word in self._lines if at >= since}

    def _read(self, output: IO[str]) -> None:
        """Take the time of each line at once; what is said after the time of day counts."""
        for line in output:
            at, words = time.perf_counter(), line.split()
            if len(words) > 1 and words[1] in _TOLD:
                with self._line:
                    self._lines.append((at, words[1]))
                    self._line.notify()


def _book(service: Service) -> dict[str, object]:
    process = {"command": list(service.words)}
    # However many kills are asked for, the budget is not what is measured.
    restart = {"at_most": 1000, "per": "1m", "backoff": ["0s"]}
    check = {"service": "tiny", "http": {"url": service.url}, "every": "1s"}
    return {
        "platform": {"name": "bench-detect"},
        "services": {"tiny": {"process": process, "restart": restart}},
        "checks": {"answers": check},
    }


def _recorded(data: Path) -> dict[str, list[float]]:
    words = [OPSBOOK, "ledger", "show", "--data", str(data), "--kind", "service.verified"]
    shown = subprocess.run([*words, "--json"], capture_output=True, text=True, check=True)
    bodies = [json.loads(line)["body"] for line in shown.stdout.splitlines()]
    after = [body["after_trouble_ms"] for body in bodies if body["after_trouble_ms"] is not None]
    return {"seen → verified, in its ledger": after}
