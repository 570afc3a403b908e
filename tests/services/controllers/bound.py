"""Controllers for tests, bound to a home of their own as the product binds them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from opsbook.services.controller import Controller, Home, controller_kinds

ENDS_WHEN_RELOADED = "trap 'sleep 0.2; exit 5' HUP; while sleep 0.05; do :; done"
"""A script for `sh` whose end shows that it was told to reload."""


def make_home(directory: Path, service: str = "api") -> Home:
    """A home whose files are under a directory; the same one again for the same arguments."""
    records, logs = directory / "records", directory / "logs"
    for path in (records, logs):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Home("test", service, records, logs)


def bound(kind: str, settings: Mapping[str, Any], home: Home) -> Controller:
    """A controller as the book gives it: a second one for a home is Opsbook started again."""
    context = {"directory": home.records.parent}
    controller = controller_kinds.load(kind).model_validate(dict(settings), context=context)
    controller.bind(home)
    return controller


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    """Wait for what has no event in a test. Raises AssertionError if it does not come."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.01)


def ignores(pid: int, number: int) -> bool:
    """Whether a process ignores or catches a signal (SigIgn and SigCgt of proc_pid_status(5))."""
    masks = [
        int(line.split()[1], 16)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith(("SigIgn", "SigCgt"))
    ]
    return any(mask >> (number - 1) & 1 for mask in masks)


def runs_shell(pid: int) -> bool:
    """Whether a process has become the `sh` that it was started as."""
    return Path(f"/proc/{pid}/comm").read_text() == "sh\n"


def lives(pid: int) -> bool:
    """Whether a process is there; a zombie that its parent has not taken note of is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
