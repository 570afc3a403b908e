"""A full disk: the watch goes on, says so, and loses nothing."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.run import opsbook, opsbook_up, status, wait_for_state
from tests.servers.disk import small_disk
from tests.services.platform import one_service


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as place:
        yield place


def fill(place: Path) -> Path:
    file = place / "filler"
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            return file


def test_services_are_restarted_and_entries_written_when_there_is_room(
    tmp_path: Path, disk: Path
) -> None:
    restart = {"at_most": 100, "backoff": ["0s"]}
    book, data = one_service(tmp_path, restart=restart), disk / "data"
    with opsbook_up(book, data):
        filler = fill(disk)
        for _ in range(20):
            pid = int(wait_for_state(data, "up")["services"][0]["instance"].split()[1])
            os.kill(pid, signal.SIGKILL)
            wait_for_pid_other_than(data, pid)
            if status(data)["ledger"]["trouble"]:
                break
        full = wait_for_state(data, "degraded")
        assert full["ledger"]["trouble"] == "database or disk is full"
        assert full["ledger"]["waiting"] > 0
        assert full["services"][0]["state"] == "up"
        filler.unlink()
        assert wait_for_state(data, "up")["ledger"]["waiting"] == 0
    verified = opsbook("ledger", "verify", "--data", data)
    assert verified.returncode == 0, verified.stdout
    opsbook("down", book, "--data", data)


def wait_for_pid_other_than(data: Path, pid: int) -> None:
    deadline = time.monotonic() + 10
    while not (now := status(data).get("services")) or now[0]["instance"] == f"pid {pid}":
        assert time.monotonic() < deadline, "the service was not restarted"
