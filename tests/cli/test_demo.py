"""`opsbook demo helixflow` as a newcomer runs it."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsbook.core.procfs import all_pids, arguments
from tests.cli.run import OPSBOOK, opsbook, status, wait_for_state


def left_over(home: Path) -> list[list[str]]:
    """Processes whose arguments name the home."""
    everybody = [arguments(pid) for pid in all_pids() if pid != os.getpid()]
    return [words for words in everybody if any(str(home) in word for word in words)]


@contextmanager
def running_demo(*words: str) -> "Iterator[subprocess.Popen[str]]":
    """A demo that goes on; it is ended also when the test fails."""
    command = [*OPSBOOK, "demo", "helixflow", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_killed_service_is_verified_up_and_the_numbers_say_so(tmp_path: Path) -> None:
    home = tmp_path / "helix"
    ran = opsbook("demo", "helixflow", "--json", "--exit", "--home", home)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert (result["service"], result["drill"], result["state"]) == ("inference-pool", "kill", "up")
    assert 0 < result["detected_ms"] < result["started_ms"] < result["verified_ms"]
    assert result["bare_start_ms"] > 0
    assert result["ledger"]["problem"] is None
    assert set(result["evidence"]) <= set(range(1, result["ledger"]["entries"] + 1))
    assert left_over(home) == []
    verified = opsbook("ledger", "verify", "--data", home / "opsbook", "--json")
    assert json.loads(verified.stdout)["ok"]


def test_a_service_that_hangs_is_found_by_its_check(tmp_path: Path) -> None:
    words = ["--drill", "hang:auth-service", "--json", "--exit"]
    ran = opsbook("demo", "helixflow", *words, "--home", tmp_path / "helix")
    result = json.loads(ran.stdout)
    assert (ran.returncode, result["state"]) == (0, "up")
    assert result["detected_ms"] > 100


def test_the_story_is_told_in_words_with_its_evidence(tmp_path: Path) -> None:
    ran = opsbook("demo", "helixflow", "--exit", "--home", tmp_path)
    assert ran.returncode == 0
    lines = ran.stdout.splitlines()
    story = [line.split()[1] for line in lines if "inference-pool: " in line and ":" in line[:3]]
    assert story[-4:] == ["died", "restart", "started", "verified"]
    assert any("all as they were written" in line for line in lines)


def test_what_cannot_be_drilled_is_told(tmp_path: Path) -> None:
    ran = opsbook("demo", "helixflow", "--drill", "melt:inference-pool", "--home", tmp_path)
    assert ran.returncode == 2
    assert "write HOW:SERVICE with kill, crash, hang" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_goes_on_until_ctrl_c_can_be_hurt_and_stops_everything(tmp_path: Path) -> None:
    home = tmp_path / "helix"
    with running_demo("--no-drill", "--home", str(home)) as process:
        assert process.stdout is not None
        while "Ctrl-C ends" not in process.stdout.readline():
            assert process.poll() is None
        wait_for_state(home / "opsbook", "up", within=30)
        assert len(status(home / "opsbook")["services"]) == 5
        assert "no such service" in opsbook("demo", "hurt", home, "api-gatewai", "hang").stderr
        assert opsbook("demo", "hurt", home, "monitoring", "slow:100ms").returncode == 0
        assert opsbook("demo", "heal", home, "monitoring").returncode == 0
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(timeout=20) == 0
    assert left_over(home) == []
