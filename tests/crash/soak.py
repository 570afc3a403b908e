"""`python -m tests.crash.soak KILLS`: runs in SQLite, and a process killed at random.

With a second argument, the URL of an empty PostgreSQL database, the runs are there.
"""

import ast
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from opsbook.state.database import sqlite_url

_SLOWEST = 0.5
"""Seconds that a life may last after it is ready."""


def ended(output: str, runs: int) -> int:
    """How many runs ended as they should, in a life's output; fails for the others."""
    lines = [line for line in output.splitlines() if line != "ready"]
    expected = {"codes": [["exited", 0], ["exited", 1]], "said": "yes"}
    steps = "command-0 command-1 wait:approval wait:pause key"
    for line in lines:
        _, state, rest = line.split(" ", 2)
        result = rest[: rest.index("}") + 1]
        assert state == "succeeded", line
        assert ast.literal_eval(result) == expected, line
        assert rest[len(result) + 1 :] == steps, line
    assert len(lines) == runs
    return len(lines)


def soak(database: str, directory: Path, runs: int, kills: int, chance: random.Random) -> None:
    """Kill so many lives, let the last one end, and count the effects.

    When all runs have ended, there are more of them.
    """
    killed, goal = 0, runs
    while killed < kills:
        if life_ends(database, directory, goal, chance.uniform(0.0, _SLOWEST)):
            goal += runs
        else:
            killed += 1
    command = [sys.executable, "-m", "tests.crash.carry", database, str(directory)]
    last = subprocess.run(
        [*command, str(goal), "nowhere"], capture_output=True, text=True, timeout=120, check=False
    )
    assert last.returncode == 0, last.stderr
    ended(last.stdout, goal)
    effects = Counter((directory / "effects").read_text().split())
    wanted = {f"run{number}.{what}" for number in range(goal) for what in ("0", "1", "key")}
    assert set(effects) == wanted
    assert max(effects.values()) == 1, effects.most_common(3)


def life_ends(database: str, directory: Path, runs: int, within: float) -> bool:
    """One life; whether it came to its end before it was killed."""
    command = [sys.executable, "-m", "tests.crash.carry", database, str(directory)]
    with subprocess.Popen(
        [*command, str(runs), "random"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as life:
        assert life.stdout is not None
        life.stdout.readline()
        try:
            return life.wait(within) == 0
        except subprocess.TimeoutExpired:
            life.kill()
            return False


def main(kills: int, database: str | None = None) -> None:
    with tempfile.TemporaryDirectory(prefix="opsbook-soak-") as name:
        directory = Path(name)
        url = database or sqlite_url(directory / "runs.db").render_as_string(hide_password=False)
        began = time.monotonic()
        soak(url, directory, runs=20, kills=kills, chance=random.Random(kills))
        effects = len((directory / "effects").read_text().split())
    sys.stdout.write(
        f"{kills} kills in {time.monotonic() - began:.0f} s: {effects // 3} runs, "
        f"{effects} effects, each once\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
