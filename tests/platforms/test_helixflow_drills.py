"""The drills of HelixFlow's own book, as a person runs them against the living platform."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsbook.platforms.helixflow.home import prepare
from opsbook.platforms.helixflow.ports import Ports
from tests.cli.run import OPSBOOK, opsbook, status
from tests.platforms.helixflow import eventually

FAULTS = (
    "workers-die",
    "auth-hangs",
    "auth-is-slow",
    "workers-err",
    "grpc-port-closes",
    "disk-fills",
    "certificate-expires",
    "clock-is-wrong",
)
WELL_WITHIN = 60.0
"""Seconds after a drill until what the next one needs is well."""


@dataclass(frozen=True)
class Drilled:
    """A watched HelixFlow, and a person at its command line."""

    home: Path
    data: Path

    def run(self, name: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the result; one that is refused is asked for again."""
        deadline = time.monotonic() + WELL_WITHIN
        while True:
            words = ("drill", "run", name, "--follow", "--json", "--data", self.data)
            done = opsbook(*words, timeout=240)
            if done.returncode != 3 or time.monotonic() > deadline:
                return done.returncode, json.loads(done.stdout)
            time.sleep(1)

    def files(self) -> dict[str, object]:
        """What faults may change."""
        found = [*self.home.glob("certs/*"), *self.home.glob("hurt/*")]
        filling = [str(file) for file in self.home.glob("data/.opsbook*")]
        content = {str(file): (file.read_bytes(), file.stat().st_mode) for file in found}
        return {**content, "filling": filling}

    def runbook(self) -> str:
        """How `opsbook runbooks` tells of the one that scales."""
        told = opsbook("runbooks", "--data", self.data).stdout.splitlines()
        return next(line for line in told if "scale-inference-pool" in line)


@pytest.fixture(scope="module")
def helixflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    home = tmp_path_factory.mktemp("helix")
    book, data = prepare(home, Ports.free()), home / "opsbook"
    words = [*OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
    with (home / "up.out").open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out)
    try:
        # Not until all is up: its first test request may come before there is a gateway, and
        # the check of the logs says so for a minute.
        eventually(lambda: status(data), within=30)
        yield Drilled(home, data)
    finally:
        process.terminate()
        process.wait(20)
        opsbook("down", book, "--data", data)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_detected_undone_and_recovered_from(helixflow: Drilled, name: str) -> None:
    before = helixflow.files()
    code, result = helixflow.run(name)
    evidence = result["evidence"]
    assert (code, result["state"], evidence["missed"]) == (0, "proved", [])
    assert evidence["detect_seconds"] < 30
    assert evidence["recover_seconds"] < 60
    assert helixflow.files() == before


def test_a_rollback_is_unproven_until_a_drill_has_exercised_it(helixflow: Drilled) -> None:
    assert "unproven: more, fewer" in helixflow.runbook()
    workers = (helixflow.home / "config/MAX_WORKERS").read_text()
    for name, step in (("more-workers-and-back", "more"), ("fewer-workers-and-back", "fewer")):
        code, result = helixflow.run(name)
        assert (code, result["evidence"]["taken_back"]) == (0, [step]), result
        assert (helixflow.home / "config/MAX_WORKERS").read_text() == workers
        # Nobody scales it again before it has cooled down.
        time.sleep(10)
    assert "proven " in helixflow.runbook()
    assert "unproven" not in helixflow.runbook()
