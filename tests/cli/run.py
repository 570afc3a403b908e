"""The `opsbook` command as a user runs it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPSBOOK = [str(Path(sys.executable).parent / "opsbook")]


def opsbook(*words: object, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    command = [*OPSBOOK, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@contextmanager
def opsbook_up(book: Path, data: Path, state: str = "up") -> "Iterator[subprocess.Popen[str]]":
    """`opsbook up` running, in `state` within half a minute; ended with SIGTERM."""
    command = [*OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for_state(data, state)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def status(data: Path) -> dict[str, Any]:
    """The status as JSON; empty while nothing answers."""
    answer = opsbook("status", "--data", data, "--json")
    found: dict[str, Any] = json.loads(answer.stdout) if answer.stdout else {}
    return found


def wait_for_state(data: Path, state: str, within: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while (found := status(data)).get("state") != state:
        assert time.monotonic() < deadline, f"not {state} within {within} s: {found}"
        time.sleep(0.05)
    return found
