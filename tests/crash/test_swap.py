"""A swap that is killed between its two renames is finished by the next life, once."""

import subprocess
import sys
from pathlib import Path


def life(home: Path, how: str) -> int:
    command = [sys.executable, "-m", "tests.crash.swap", str(home), how]
    return subprocess.run(command, timeout=30, check=False).returncode


def found(home: Path) -> dict[str, str]:
    places = [home / name for name in ("orders.db", "new", "old")]
    return {each.name: each.read_text() for each in places if each.exists()}


def test_killed_in_the_middle_it_is_finished_once(tmp_path: Path) -> None:
    (tmp_path / "orders.db").write_text("was used")
    (tmp_path / "new").write_text("was restored")
    assert life(tmp_path, "die") == -9
    assert found(tmp_path) == {"new": "was restored", "old": "was used"}
    for _ in range(2):
        assert life(tmp_path, "live") == 0
        assert found(tmp_path) == {"orders.db": "was restored", "old": "was used"}


def test_killed_in_the_middle_each_log_stays_with_its_database(tmp_path: Path) -> None:
    for name in ("orders.db", "new"):
        (tmp_path / name).write_text(name)
        (tmp_path / f"{name}-wal").write_text(f"of {name}")
    assert life(tmp_path, "die") == -9
    assert life(tmp_path, "live") == 0
    logs = {name: (tmp_path / f"{name}-wal").read_text() for name in ("orders.db", "old")}
    assert logs == {"orders.db": "of new", "old": "of orders.db"}
    assert found(tmp_path) == {"orders.db": "new", "old": "orders.db"}
