"""`opsbook drill`"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from opsbook.drills.order import Order
from tests.web.test_drills import served

_COMMAND = "from opsbook.cli.drill import drill; from opsbook.cli.main import cli, main; import sys"
_RUN = f"{_COMMAND}; cli.add_command(drill); cli.get_command = lambda *_: drill; main(sys.argv[1:])"


def opsbook_drill(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", _RUN, "drill", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def asked(directory: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(opsbook_drill, *words, "--data", directory / "data")


async def test_a_drill_is_followed_to_its_evidence(tmp_path: Path) -> None:
    async with served(tmp_path):
        ran = await asked(tmp_path, "run", "dies", "--follow", "--why", "to see")
        listed = await asked(tmp_path, "list")
        shown = await asked(tmp_path, "show", "dies", "--json")
    assert ran.returncode == 0, ran.stderr
    assert "dies: proved" in ran.stdout
    assert "  detected " in ran.stdout
    assert listed.returncode == 0
    assert listed.stdout.splitlines()[1].split()[:2] == ["proved", "dies"]
    assert json.loads(shown.stdout)["evidence"]["missed"] == []


async def test_what_was_expected_and_not_seen_is_exit_code_1(tmp_path: Path) -> None:
    async with served(tmp_path, recovered={"within": "1ms"}):
        ran = await asked(tmp_path, "run", "dies", "--follow")
        listed = await asked(tmp_path, "list")
    assert (ran.returncode, listed.returncode) == (1, 1), ran.stderr
    assert "missed     recovered after " in ran.stdout
    assert "not within 1 ms" in listed.stdout


async def test_what_was_never_run_is_not_known(tmp_path: Path) -> None:
    async with served(tmp_path):
        listed = await asked(tmp_path, "list")
        unknown = await asked(tmp_path, "run", "diez")
    assert listed.returncode == 3
    assert listed.stdout.splitlines()[1].split() == ["never", "run", "dies", "-", "-", "-"]
    assert unknown.returncode == 2
    assert "did you mean dies" in unknown.stderr


def test_where_nothing_runs_what_was_left_behind_is_undone(tmp_path: Path) -> None:
    hurt = tmp_path / "hurt"
    hurt.touch()
    order = Order(tmp_path / "data/drills/faults/drill.d.1")
    order.make()
    words = {"inject": ["true"], "undo": ["rm", str(hurt)]}
    output = str(order.directory / "output")
    order.write("command", {**words, "directory": "/", "within": 5, "output": output})
    listed = opsbook_drill("list", "--data", tmp_path / "data")
    assert listed.returncode == 3
    assert "undone: what drill.d.1 left behind" in listed.stderr
    assert not hurt.exists()
