"""The `opsbook` command as a user runs it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPSBOOK = [str(Path(sys.executable).parent / "opsbook")]


def opsbook(*words: object, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    command = [*OPSBOOK, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@contextmanager
def opsbook_up(
    book: Path, data: Path, state: str | None = "up"
) -> "Iterator[subprocess.Popen[str]]":
    """`opsbook up` running, in `state` within half a minute, and with None in whichever once all
    services are up, be the machine busy; ended with SIGTERM."""
    command = [*OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        if state is None:
            wait_for(data, _all_services_up, within=90)
        else:
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
    return wait_for(data, lambda found: found.get("state") == state, within)


def wait_for(
    data: Path, stands: Callable[[dict[str, Any]], bool], within: float = 30
) -> dict[str, Any]:
    """The status, as soon as it stands so."""
    deadline = time.monotonic() + within
    while not stands(found := status(data)):
        assert time.monotonic() < deadline, f"not so within {within} s: {_troubles(found)}"
        time.sleep(0.05)
    return found


def _all_services_up(found: dict[str, Any]) -> bool:
    return bool(found) and all(each["state"] == "up" for each in found["services"])


def _troubles(found: dict[str, Any]) -> list[str]:
    each_one = [*found.get("services", []), *found.get("checks", [])]
    return [
        f"{each['name']} {each['state']}: {each['message']}"
        for each in each_one
        if each["state"] != "up"
    ]
