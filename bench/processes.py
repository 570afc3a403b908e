"""Processes of one run: started, measured, and ended whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from bench.table import say
from opsbook.core.procfs import ProcessUsage, usage

_SECONDS_TO_END = 15.0

Process = subprocess.Popen[str]


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory for one run, removed at its end; SIGTERM ends the run like Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = Path(tempfile.mkdtemp(prefix="opsbook-bench-"))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def running(
    words: Sequence[str],
    *,
    cores: set[int] | None = None,
    log: Path | None = None,
    output: int | IO[Any] | None = None,
    directory: Path | None = None,
) -> Iterator[Process]:
    """A process that runs until the block ends; in a session of its own, out of Ctrl-C's reach.

    Its words go to `log`, or nowhere; its output to `output` where that is given.
    """
    with (log or Path(os.devnull)).open("ab") as said, pinned(cores):
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=said if output is None else output,
            stderr=said,
            cwd=directory,
            start_new_session=True,
            text=True,
        )
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def pinned(cores: set[int] | None) -> Iterator[None]:
    """What is started in this block runs on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def usage_of(process: Process) -> ProcessUsage:
    """What a living process has taken. Raises RuntimeError if it has ended."""
    found = usage(process.pid)
    if found is None:
        raise RuntimeError(f"{process.args!r} ended with {process.poll()}")
    return found


def cpu_seconds_of(process: Process) -> float:
    """Of its threads that live, to the nanosecond: /proc/PID/stat counts in hundredths."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in tasks) / 1e9


def until(holds: Callable[[], bool], what: str, within: float = 30) -> None:
    """Raises TimeoutError, saying what was waited for, if it never does."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(0.02)


def two_cores() -> tuple[int, int]:
    """One core for what is measured and one for the rest; the same one where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def _end(process: Process) -> None:
    """Ask, then insist; a second Ctrl-C insists at once."""
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        say(f"had to be killed: {process.args!r}")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
