"""The README: its book is carried out, and its output is the true one."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.run import OPSBOOK, opsbook, status, wait_for_state
from tests.servers.loopback import free_port

README = Path(__file__).parents[2] / "README.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def shape(line: str) -> str:
    """A line without what differs each time: times, numbers, hashes, codes, places."""
    line = re.sub(r"data in .*\)", "data)", line)
    line = re.sub(r"/sign-in#\S+", "/sign-in#…", line)
    line = re.sub(r"\b[0-9a-f]{64}\b|[\d.]+( ms| s)\b|[\d.:]*\d", "N", line)
    return line.replace("N, N, N", "N").replace("N, N", "N")


def test_the_commands_to_run_and_to_test_it_stand_at_the_top() -> None:
    top = README.read_text(encoding="utf-8").splitlines()[:25]
    assert "    make run" in top
    assert "    make test" in top


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target


def test_the_smallest_book_does_what_is_shown(tmp_path: Path) -> None:
    port = str(free_port())
    book, data = tmp_path / "book.yaml", tmp_path / "data"
    book.write_text(block("yaml").replace("8000", port))
    command = [*OPSBOOK, "up", str(book), "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as watch:
        before = wait_for_state(data, "up")["services"][0]["instance"]
        os.kill(int(before.split()[1]), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while status(data)["services"][0]["instance"] == before:
            assert time.monotonic() < deadline
        wait_for_state(data, "up")
        watch.send_signal(signal.SIGINT)
        told, _ = watch.communicate(timeout=10)
    verified = opsbook("ledger", "verify", "--data", data).stdout
    opsbook("down", book, "--data", data)
    shown = [line for line in block("console").splitlines() if not line.startswith("$")]
    told_lines = [line for line in told.splitlines() if not line.startswith("the watch ended")]
    assert [shape(line) for line in told_lines + verified.splitlines()] == [
        shape(line) for line in shown
    ]
