"""Opsbook killed at any moment: no second copy, no lost entry, and the service comes back."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from opsbook.core.procfs import all_pids, arguments, exiting
from tests.cli.run import OPSBOOK, opsbook, opsbook_up, status
from tests.services.platform import one_service


def copies(directory: Path) -> list[int]:
    """The living processes of the service `a` in this directory."""
    mark = str(directory / "a")
    return [pid for pid in all_pids() if mark in arguments(pid) and not exiting(pid)]


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_it_never_starts_a_second_copy(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    restart = {"at_most": 1000, "backoff": ["0s"]}
    book, data = one_service(tmp_path, restart=restart), tmp_path / "data"
    command = [*OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
    try:
        for _ in range(5):
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as watch:
                # Its start takes about 0.7 s: some kills hit it before, some while it restarts.
                time.sleep(chance.uniform(0.4, 1.2))
                for pid in copies(tmp_path):
                    os.kill(pid, signal.SIGKILL)
                time.sleep(chance.uniform(0, 0.03))
                watch.kill()
            assert len(copies(tmp_path)) <= 1
        with opsbook_up(book, data):
            assert len(copies(tmp_path)) == 1
            assert status(data)["services"][0]["instance"] == f"pid {copies(tmp_path)[0]}"
        assert opsbook("ledger", "verify", "--data", data).returncode == 0
    finally:
        opsbook("down", book, "--data", data)
    assert copies(tmp_path) == []
