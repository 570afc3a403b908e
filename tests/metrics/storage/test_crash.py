"""Killed at any moment, the store has every sample that it had said it took."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsbook.core.clock import ManualClock
from opsbook.metrics.storage.engine import Engine
from tests.metrics.storage import appender
from tests.metrics.storage.model import ALWAYS, EVERYTHING, bits, samples

START = 1_700_000_040_000


def killed_run(home: Path, first: int, fault: str, after: float) -> list[int]:
    """The times whose samples were acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-m", appender.__name__, str(home), str(first), fault],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    with process, process.stdout:
        told = process.stdout.readline()
        if fault == "-":
            time.sleep(after)
            process.send_signal(signal.SIGKILL)
        told += process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    return [int(line) for line in told.split(b"\n")[:-1]]


def check(home: Path, acknowledged: set[int]) -> int:
    """Everything that was acknowledged is there, and nothing but what was written."""
    engine = Engine(home, appender.LIMITS, ManualClock(START / 1000))
    for _ in range(2):
        found = samples(engine.select(EVERYTHING, *ALWAYS))
        assert len(found) == appender.SERIES
        for labels, held in found.items():
            column = int(dict(labels)["n"])
            assert acknowledged <= held.keys()
            assert {at: bits(appender.value(at, column)) for at in held} == held
        engine.compaction.run(START, idle_since=0.0)
    newest = engine.stats().newest
    assert newest is not None
    assert all("torn" in problem.text for problem in engine.stats().problems)
    engine.close()
    return newest


def test_killed_at_random_moments_again_and_again(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    first = START
    for _ in range(4):
        acknowledged.update(killed_run(tmp_path, first, "-", random.uniform(0.05, 0.4)))
        first = check(tmp_path, acknowledged) + appender.STEP


@pytest.mark.parametrize(
    "fault",
    [
        *(f"{step}:{count}" for step in ("writing", "written") for count in (1, 4, 5, 9)),
        *("cut:1", "cut:2", "replaced:1", "replaced:2", "merged:1"),
    ],
)
def test_killed_between_two_steps_of_housekeeping(tmp_path: Path, fault: str) -> None:
    acknowledged = set(killed_run(tmp_path, START, fault, 0))
    check(tmp_path, acknowledged)
