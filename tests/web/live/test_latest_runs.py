"""Which runs pages list, and how seldom each is asked for."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, insert, update

from opsbook.durable.model import RunState
from opsbook.durable.port import UnknownRunError
from opsbook.runbooks.model import RunView, StepView
from opsbook.runbooks.service import Runbooks
from opsbook.runbooks.store import runs
from opsbook.state.database import connect, sqlite_url
from opsbook.web.live.latest_runs import LatestRuns

STEP = StepView("a", "check", "x", 0, "done", 1, 1.0, 2.0)


class Shown:
    """Runs as they are shown, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.unknown: set[str] = set()

    async def show(self, run: str) -> RunView:
        self.asked.append(run)
        if run in self.unknown:
            raise UnknownRunError(run)
        state = RunState.RUNNING
        return RunView(
            run, "mend", state, "ada", "", {}, 0, None, None, None, False,
            1.0, None, None, 0, None, None, None, False, (STEP,),
        )  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    yield engine
    engine.dispose()


def asked_for(engine: Engine, number: int, ended_at: float | None = None) -> None:
    row: dict[str, Any] = {
        "id": f"r{number}",
        "runbook": "mend",
        "requested_at": float(number),
        "unattended": False,
        "submission": "null",
        "submitted": True,
        "ended_at": ended_at,
        "state": "succeeded" if ended_at else "running",
    }
    with engine.begin() as connection:
        connection.execute(insert(runs), row)


_ENTRIES = itertools.count()


def written() -> int:
    """Something is written down all the time."""
    return next(_ENTRIES)


async def test_the_newest_and_those_that_have_not_ended_are_listed(engine: Engine) -> None:
    shown = Shown()
    asked_for(engine, 0)
    for number in range(1, 31):
        asked_for(engine, number, ended_at=1.0)
    found = await LatestRuns(cast("Runbooks", shown), engine, written).read()
    assert found.keys() == {"r0", *(f"r{number}" for number in range(11, 31))}
    assert found["r0"].steps == ()


async def test_one_that_has_ended_is_asked_for_once(engine: Engine) -> None:
    shown = Shown()
    asked_for(engine, 0)
    asked_for(engine, 1, ended_at=1.0)
    latest = LatestRuns(cast("Runbooks", shown), engine, written)
    first = await latest.read()
    assert await latest.read() == first
    assert sorted(shown.asked) == ["r0", "r0", "r1"]


async def test_one_that_is_resumed_is_asked_for_again(engine: Engine) -> None:
    shown = Shown()
    asked_for(engine, 1, ended_at=1.0)
    latest = LatestRuns(cast("Runbooks", shown), engine, written)
    await latest.read()
    with engine.begin() as connection:
        connection.execute(update(runs).values(ended_at=None, state="running"))
    await latest.read()
    assert shown.asked == ["r1", "r1"]


async def test_one_that_was_not_submitted_yet_is_left_out(engine: Engine) -> None:
    shown = Shown()
    asked_for(engine, 1)
    shown.unknown.add("r1")
    latest = LatestRuns(cast("Runbooks", shown), engine, written)
    assert await latest.read() == {}
    shown.unknown.clear()
    assert (await latest.read()).keys() == {"r1"}


async def test_while_nothing_goes_on_and_nothing_is_written_down_nothing_is_read(
    engine: Engine,
) -> None:
    shown, entries = Shown(), [7]
    latest = LatestRuns(cast("Runbooks", shown), engine, lambda: entries[0])
    assert await latest.read() == {}
    asked_for(engine, 1, ended_at=1.0)
    assert await latest.read() == {}
    entries[0] += 1
    assert (await latest.read()).keys() == {"r1"}
