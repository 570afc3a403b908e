"""A run whose process is killed at every entry that it makes: each effect and entry once."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.state.database import connect, reading, sqlite_url
from opsbook.state.ledger import read_entries, verify
from tests.crash.operate import KINDS
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres

POINTS = set(KINDS)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """That of the state, and that of the runs."""
    if request.param == "sqlite":
        state, runs = (sqlite_url(tmp_path / f"{name}.db") for name in ("state", "runs"))
        return state.render_as_string(False), runs.render_as_string(False)
    url = fresh_database(request.getfixturevalue("server"))
    return url.replace("postgresql://", "postgresql+psycopg://"), url


@pytest.mark.timeout(240)
def test_killed_once_at_every_point_each_effect_and_entry_happens_once(
    databases: tuple[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.crash.operate", *databases, str(tmp_path), "points"]
    lives = 0
    while True:
        life = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        lives += 1
        if life.returncode != -9:
            break
        assert lives <= len(POINTS), "it died twice at one point"
    assert life.returncode == 0, life.stderr
    assert life.stdout == "succeeded None\n"
    assert {file.name.removeprefix("died ") for file in tmp_path.glob("died *")} == POINTS
    assert (tmp_path / "effects").read_text().split() == ["one", "two"]
    _told_once(databases[0])


def _told_once(url: str) -> None:
    state = connect(url)
    with reading(state) as connection:
        counted = Counter(entry.kind for entry in read_entries(connection))
    assert verify(state).problem is None
    state.dispose()
    twice = {"run.step_started": 2, "run.step_done": 2}
    assert counted == {kind: twice.get(kind, 1) for kind in KINDS}
