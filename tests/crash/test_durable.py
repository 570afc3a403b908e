"""Runs whose process is killed: each effect happens once, and each run comes to its end."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.state.database import sqlite_url
from tests.crash.soak import ended, soak
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres

POINTS = {
    "at the beginning",
    *(
        f"{when} command {index}{what}"
        for index in range(2)
        for when, what in (
            ("before", ""),
            ("in", ""),
            ("while", " runs"),
            ("when", " is done"),
            ("after", ""),
        )
    ),
    "after the wait",
    "before the key",
    "after the key",
    "at the end",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "runs.db").render_as_string(hide_password=False)
    return fresh_database(request.getfixturevalue("server"))


def test_killed_once_at_every_point_each_effect_happens_once(database: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.crash.carry", database, str(tmp_path), "1", "points"]
    lives = 0
    while True:
        life = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        lives += 1
        if life.returncode != -9:
            break
        assert lives <= len(POINTS), "it died twice at one point"
    assert life.returncode == 0, life.stderr
    died = {file.name.removeprefix("died ") for file in tmp_path.glob("died *")}
    assert died == POINTS
    assert lives == len(POINTS) + 1
    assert ended(life.stdout, 1) == 1
    effects = (tmp_path / "effects").read_text().split()
    assert effects == ["run0.0", "run0.1", "run0.key"]


def test_killed_at_random_again_and_again_each_effect_happens_once(
    database: str, tmp_path: Path
) -> None:
    soak(database, tmp_path, runs=6, kills=8, chance=random.Random(database))
