"""A restore that was killed leaves nothing behind the next one."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from opsbook.backups.restoring import choose, restore, sweep_restores
from opsbook.core.procfs import identify
from tests.backups.scene import database, scene, settings
from tests.servers.process import wait_until

_RESTORES = """
import sys, time
from pathlib import Path
from opsbook.backups import restoring
from opsbook.backups.sources import sqlite
from opsbook.backups.vault import bound
from tests.backups.scene import settings

known = settings(Path(sys.argv[1]))
places = bound(known, "shop")
chosen = restoring.choose("orders", known.sets["orders"], places, "shop")
sqlite.os.link = lambda *_: time.sleep(600)
restoring.restore(
    chosen, known.sets["orders"], places["a"], None, sys.argv[2], lambda *_: None
)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's directory for temporary files, of this test alone."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return place


async def test_a_killed_restore_is_swept_by_the_next(tmp_path: Path, temporary: Path) -> None:
    database(tmp_path / "orders.db")
    target = tmp_path / "restored" / "orders.db"
    target.parent.mkdir()
    async with scene(tmp_path) as found:
        await found.make()
    argv = [sys.executable, "-c", _RESTORES, str(tmp_path), str(target)]
    process = subprocess.Popen(argv)
    wait_until(lambda: _whole(target))
    assert len(list(temporary.iterdir())) == 1
    assert sweep_restores() == [], "it is still at work"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (left,) = target.parent.iterdir()
    known = settings(tmp_path).sets["orders"]
    places = found.vault._destinations
    assert len(sweep_restores()) == 1
    chosen = choose("orders", known, places, "shop")
    made = restore(chosen, known, places["a"], None, str(target), lambda *_: None)
    assert f"removed {left}, left by a restore that died" in made
    assert list(target.parent.iterdir()) == [target]
    assert list(temporary.iterdir()) == []


async def test_what_a_start_finds_of_a_killed_restore_is_gone(
    tmp_path: Path, temporary: Path
) -> None:
    mine = identify(os.getpid())
    assert mine is not None
    died = f"opsbook-rehearsal-restore-{mine.boot_id[:8]}-{mine.pid}-{mine.start_ticks - 1}-ab"
    (temporary / died).mkdir()
    async with scene(tmp_path):
        assert list(temporary.iterdir()) == []


def _whole(target: Path) -> bool:
    """Whether it waits to be renamed."""
    return any(each.stat().st_size for each in target.parent.iterdir())
