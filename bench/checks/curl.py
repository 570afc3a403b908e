"""curl, started anew for each check: what a script of checks does."""

import os
import shutil
import time
from dataclasses import replace

from bench.checks.ground import Ground, Rate, rate
from bench.processes import pinned, usage_of

_RUNS = 200


def runs(ground: Ground) -> Rate:
    """Two hundred runs, one after another; the CPU is that of the children."""
    program = shutil.which("curl")
    assert program is not None
    words = ["curl", "--silent", "--fail", "--output", "/dev/null", ground.target.url]
    cpu = 0.0
    served, begun = usage_of(ground.server), time.monotonic()
    with pinned({ground.core}):
        for _ in range(_RUNS):
            cpu += _run(program, words)
    seconds, served_then = time.monotonic() - begun, usage_of(ground.server)
    measured = rate(_RUNS, seconds, cpu, served_then.cpu_seconds - served.cpu_seconds)
    return replace(measured, note=f"{_RUNS} runs")


def _run(program: str, words: list[str]) -> float:
    """One run to its end; returns its CPU seconds."""
    pid = os.posix_spawn(program, words, os.environ)
    _, status, used = os.wait4(pid, 0)
    if status != 0:
        ended = os.waitstatus_to_exitcode(status)
        raise RuntimeError(f"{' '.join(words)} ended with {ended}")
    return used.ru_utime + used.ru_stime
