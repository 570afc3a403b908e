"""Killed anywhere between an alert, its incident, the run that mends it, and the notices."""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.hearing import hearing
from tests.crash.lives import lives
from tests.crash.platform import POINTS
from tests.crash.soak_platform import soak
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """A new one each time."""
    if request.param == "sqlite":
        return lambda: None
    server: Postgres = request.getfixturevalue("server")
    return lambda: fresh_database(server)


@pytest.mark.timeout(240)
def test_killed_once_at_every_point_all_happens_once_and_is_told_as_declared(
    database: Callable[[], str | None], tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    # Of two points that are reached in one moment, one may be passed by: the next platform
    # comes by it again.
    for number in range(4):
        with hearing() as heard, lives(tmp_path / f"{number}", heard, database()) as platform:
            while platform.live(deaths):
                assert len(list(deaths.iterdir())) <= len(POINTS)
            platform.check()
        if (died := {file.name for file in deaths.iterdir()}) == POINTS:
            return
    raise AssertionError(f"never reached: {POINTS - died}")


@pytest.mark.timeout(240)
def test_killed_at_random_again_and_again_all_is_right_in_the_end(
    server: Postgres, tmp_path: Path
) -> None:
    numbers = itertools.count()

    def database() -> str | None:
        return fresh_database(server) if next(numbers) % 2 else None

    assert soak(tmp_path, 15, random.Random(7), database).kills == 15
