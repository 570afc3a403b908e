"""Whatever dies during a backup, a pruning or a drill: no partial backup is ever listed as good,
no good one is lost, and nothing is left over."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opsbook.backups.listing import Found, listed
from opsbook.backups.opening import Opened
from opsbook.backups.vault import bound
from tests.backups.scene import database, settings
from tests.crash.backup import two

BACKUP = [
    "before begin",
    "after begin",
    "before make",
    "before write",
    "after write",
    "before commit",
    "after commit",
    "before manifest",
    "after manifest",
    "after make",
    "before check",
    "after check",
    "after choose",
    "before remove",
    "before removal",
    "after removal",
    "after remove",
    "before record_backup",
    "after record_backup",
]
COPY = ["before send", "before file", "after file", "after send", "after check"]
RESTORE = ["before look", "before comparison", "after comparison", "after look"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one backup was made, to be copied."""
    directory = tmp_path_factory.mktemp("prepared")
    database(directory / "orders.db")
    lived(directory)
    return directory


def begun(directory: Path, prepared: Path) -> str:
    """A copy of what was prepared; the backup that is there."""
    shutil.copytree(prepared, directory, dirs_exist_ok=True)
    return copies(directory)[0].id


def life(
    directory: Path, action: str = "backup", point: str = "nowhere"
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.crash.backup", str(directory), action, point]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def lived(directory: Path, action: str = "backup") -> dict[str, Any]:
    ended = life(directory, action)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def copies(directory: Path) -> list[Found]:
    return listed(bound(settings(directory), "shop")["a"], "orders", "shop")


def all_good(directory: Path) -> list[str]:
    """Those that are listed as good, each of them read to its end."""
    place = bound(settings(directory), "shop")["a"]
    good = [each for each in copies(directory) if each.good]
    for each in good:
        assert each.manifest is not None
        for file in Opened(place, each.manifest).files.values():
            with file() as content:
                while content.read(1 << 20):
                    pass
    return [each.id for each in good]


def killed(directory: Path, action: str, point: str) -> None:
    ended = life(directory, action, point)
    assert ended.returncode == -9, ended.stdout + ended.stderr


@pytest.mark.parametrize("point", BACKUP)
def test_killed_anywhere_in_a_backup_the_next_life_ends_it(
    tmp_path: Path, prepared: Path, point: str
) -> None:
    first = begun(tmp_path, prepared)
    killed(tmp_path, "backup", point)
    between = all_good(tmp_path)
    assert between, "the good one is lost"
    assert first in between or "remov" in point or "choose" in point or "record" in point
    after = lived(tmp_path)
    assert after["result"]["state"] == "good", after
    assert after["told"].count("backup.made") == 1
    assert after["told"].count("backup.pruned") == 1
    assert "backup.failed" not in after["told"]
    assert all_good(tmp_path) == [after["result"]["backup"]]
    last = lived(tmp_path)["result"]["backup"]
    assert [each.id for each in copies(tmp_path)] == [last], "something is left over"
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("point", RESTORE)
def test_killed_anywhere_in_a_drill_nothing_is_left_and_it_is_told_once(
    tmp_path: Path, prepared: Path, point: str
) -> None:
    made = begun(tmp_path, prepared)
    killed(tmp_path, "restore", point)
    after = lived(tmp_path, "restore")
    assert after["result"]["state"] == "good", after
    assert after["told"] == ["restore.proved"]
    assert all_good(tmp_path) == [made]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("point", COPY)
def test_a_killed_copy_is_carried_to_its_end(tmp_path: Path, prepared: Path, point: str) -> None:
    backup = begun(tmp_path, prepared)
    assert life(tmp_path, "copy", point).returncode == -9
    there = listed(bound(settings(tmp_path, **two(tmp_path)), "shop")["b"], "orders", "shop")
    assert [each.id for each in there if each.good] in ([], [backup])
    assert lived(tmp_path, "copy")["result"]["state"] == "good"
    there = listed(bound(settings(tmp_path, **two(tmp_path)), "shop")["b"], "orders", "shop")
    assert [(each.id, each.good) for each in there] == [(backup, True)]
    assert backup in all_good(tmp_path)
    assert list((tmp_path / "b" / ".opsbook-uploads").iterdir()) == []
