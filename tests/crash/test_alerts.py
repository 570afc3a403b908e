"""Killed anywhere between an alert and the ledger: each firing and each end is told once."""

import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import Engine

from opsbook.alerts import store
from opsbook.state.database import connect, reading
from opsbook.state.ledger import read_entries, verify
from tests.crash.flap import POINTS
from tests.crash.test_notices import database, server

__all__ = ["database", "server"]  # fixtures


@pytest.mark.timeout(120)
def test_killed_once_at_every_point_each_firing_and_end_is_told_once(
    database: str, tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    while (life := _life(database, deaths)).returncode == -9:
        assert len(_names(deaths)) <= len(POINTS)
    assert life.returncode == 0, life.stderr
    assert _names(deaths) == POINTS
    engine = connect(database)
    try:
        _told_in_turn(engine)
    finally:
        engine.dispose()


def _life(database: str, deaths: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.crash.flap", database, str(deaths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _names(deaths: Path) -> set[str]:
    return {file.name for file in deaths.iterdir()}


def _told_in_turn(engine: Engine) -> None:
    with reading(engine) as connection:
        kinds = [entry.kind for entry in read_entries(connection)]
    in_turn = cycle(["alert.firing", "alert.resolved"])
    assert kinds == [kind for kind, _ in zip(in_turn, range(7), strict=False)]
    past = store.load_history(engine, 0.0, float("inf"), None, 10)
    assert len(past) == kinds.count("alert.resolved")
    assert all(alert.starts_at < alert.ends_at for alert in past)
    assert verify(engine).problem is None
