"""A process to be hurt."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsbook.core.procfs import ProcessIdentity, identify

_PASSING = ("R", "D")


@contextmanager
def sleeper() -> Iterator[ProcessIdentity]:
    """Killed and reaped at the end, whatever happened to it."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        identity = identify(process.pid)
        assert identity is not None
        yield identity
    finally:
        process.kill()
        process.wait()


def letter(pid: int) -> str:
    """The state of a process as in proc_pid_stat(5), once it does not change any more; one that
    waits for a processor is on its way to another."""
    found = ""
    for _ in range(200):
        last, found = found, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if last == found and found not in _PASSING:
            break
        time.sleep(0.01)
    return found
