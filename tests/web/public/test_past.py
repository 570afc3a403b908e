"""The last days of services, out of a real ledger."""

from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import ManualClock
from opsbook.probes.model import State
from opsbook.services.history.bars import History
from opsbook.services.history.reader import HistoryReader
from opsbook.state.database import connect, sqlite_url
from opsbook.state.ledger import Ledger
from opsbook.web.public.past import Past

DAY = 86_400.0
MIDNIGHT = 19_675 * DAY
"""Of 2023-11-14."""
UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN


class Counting(HistoryReader):
    """A real reader that counts how often it is asked."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.asked: list[tuple[float, float]] = []

    def services(
        self, checks: Mapping[str, Collection[str]], start: float, end: float, bars: int
    ) -> dict[str, History]:
        self.asked.append((start, end))
        return super().services(checks, start, end, bars)


class Ledgered:
    """The service `a`, well since the watch began at noon three days ago."""

    def __init__(self, directory: Path) -> None:
        self.engine = connect(sqlite_url(directory / "state.db"))
        self.reader = Counting(self.engine)
        self._clock = ManualClock()
        self._ledger = Ledger(self.engine, self._clock)

    async def record(self, at: float, kind: str, **body: Any) -> None:
        """`at`: days since the midnight."""
        self._clock.advance(MIDNIGHT + at * DAY - self._clock.now())
        subject = "a-greets" if kind == "check.changed" else "a"
        await self._ledger.record(kind, subject, **body)

    async def die(self, at: float, back: float) -> None:
        await self.record(at, "service.died", how="killed")
        await self.record(back, "service.verified")

    def past(self, count: int = 5) -> Past:
        return Past(self.reader, {"a": ["a-greets"]}, count)

    def close(self) -> None:
        self._ledger.close()
        self.engine.dispose()


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Ledgered]:
    ledger = Ledgered(tmp_path)
    await ledger.record(-2.5, "watch.started")
    await ledger.record(-2.5, "service.verified")
    up = {"before": "unknown", "after": "up", "message": "", "maintenance": False}
    await ledger.record(-2.5, "check.changed", **up)
    yield ledger
    ledger.close()


async def test_a_day_is_as_bad_as_its_worst_moment_and_unknown_before_the_first(
    told: Ledgered,
) -> None:
    await told.die(-0.6, -0.5)
    days = told.past().days(MIDNIGHT + 0.5 * DAY)
    assert days == {"a": [UNKNOWN, UP, UP, DOWN, UP]}


async def test_a_day_begins_at_midnight(told: Ledgered) -> None:
    await told.die(0.0, 0.001)
    just_after, days = MIDNIGHT + 0.01 * DAY, told.past(2)
    assert days.days(just_after)["a"] == [UP, DOWN]
    assert [day.isoformat() for day in days.dates(just_after)] == ["2023-11-13", "2023-11-14"]


async def test_one_day_is_today_alone(told: Ledgered) -> None:
    assert told.past(1).days(MIDNIGHT + 60)["a"] == [UP]


async def test_at_midnight_itself_today_is_there(told: Ledgered) -> None:
    assert len(told.past(3).days(MIDNIGHT)["a"]) == 3


async def test_what_is_over_is_read_once_a_day_and_today_once_a_minute(told: Ledgered) -> None:
    past, now = told.past(), MIDNIGHT + 0.5 * DAY
    for later in (0.0, 30.0, 61.0, 0.5 * DAY):
        past.days(now + later)
    lengths = [round((end - start) / DAY, 2) for start, end in told.reader.asked]
    assert lengths == [4.0, 0.5, 0.5, 4.0, 0.0]


@pytest.mark.parametrize("at", [0.25, 0.9999])
async def test_what_is_over_moves_on_at_midnight(told: Ledgered, at: float) -> None:
    await told.die(0.2, 0.21)
    past = told.past(2)
    assert past.days(MIDNIGHT + at * DAY)["a"] == [UP, DOWN]
    assert past.days(MIDNIGHT + 1.0001 * DAY)["a"] == [DOWN, UP]


async def test_a_ledger_that_cannot_be_read_is_no_day_that_was_well(told: Ledgered) -> None:
    with told.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ledger")
    with pytest.raises(SQLAlchemyError):
        told.past().days(MIDNIGHT)
