"""Killed anywhere between an alert, its fix, the proof and the page: one fix, one page or none."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from opsbook.state.database import connect, reading
from opsbook.state.ledger import read_entries, verify
from tests.crash.respond import KINDS, STEPS
from tests.crash.test_notices import Catcher, catcher
from tests.crash.test_runbooks import databases, server

__all__ = ["catcher", "databases", "server"]  # fixtures

_AT_THE_SAME_TIME = 3
"""Points that may come to disk together with others: who dies at one of them passes the rest."""

_OF_OTHERS = ("notice.sent", "alert.resolved")
"""Kinds of entries of which other tests say when they are written."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["works", "fails"])
def test_killed_once_at_every_point_there_is_one_fix_and_one_page_or_none(
    databases: tuple[str, str], tmp_path: Path, catcher: Catcher, mode: str
) -> None:
    points = {*KINDS[mode], *(STEPS if mode == "fails" else ())}
    command = [sys.executable, "-m", "tests.crash.respond", *databases, str(tmp_path), catcher.url]
    lives = 0
    while True:
        life = subprocess.run(
            [*command, mode], capture_output=True, text=True, timeout=90, check=False
        )
        lives += 1
        if life.returncode != -9:
            break
        assert lives <= len(points), f"it died where it should not come: {_died(tmp_path) - points}"
    assert life.returncode == 0, life.stderr
    died = _died(tmp_path)
    assert died <= points
    assert len(points - died) <= _AT_THE_SAME_TIME
    assert (tmp_path / "effects").read_text().split() == ["works"]
    told = sorted(group.partition("/")[0] for group in catcher.groups.values())
    assert told == ([] if mode == "works" else ["incident", "{}:{}"])
    _told_once(databases[0], mode)


def _died(directory: Path) -> set[str]:
    """The points at which lives ended."""
    return {file.name.removeprefix("died ") for file in directory.glob("died *")}


def _told_once(url: str, mode: str) -> None:
    state = connect(url)
    with reading(state) as connection:
        counted = Counter(entry.kind for entry in read_entries(connection))
    assert verify(state).problem is None
    state.dispose()
    for others in _OF_OTHERS:
        counted.pop(others, None)
    assert counted == {kind: 1 for kind in KINDS[mode] if kind not in _OF_OTHERS}
