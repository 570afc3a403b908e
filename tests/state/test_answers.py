"""Answers that are kept for a day."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from opsbook.core.clock import ManualClock
from opsbook.state import answers as module
from opsbook.state.answers import Answer, Answers, Standing, answers
from opsbook.state.database import connect, sqlite_url

GOOD = Answer(200, "application/json", b"{}")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(sqlite_url(tmp_path / "state.db"))
    yield engine
    engine.dispose()


def test_an_answer_is_kept_until_it_is_forgotten(engine: Engine) -> None:
    kept = Answers(engine, ManualClock())
    assert kept.begin("ada", "k", "d") is Standing.NEW
    assert kept.begin("ada", "k", "d") is Standing.UNDER_WAY
    kept.keep("ada", "k", GOOD)
    assert kept.begin("ada", "k", "d") == GOOD
    assert kept.begin("ada", "k", "other") is Standing.ANOTHER
    kept.forget("ada", "k")
    assert kept.begin("ada", "k", "d") is Standing.NEW


def test_what_another_life_began_is_unknown(engine: Engine) -> None:
    Answers(engine, ManualClock()).begin("ada", "k", "d")
    assert Answers(engine, ManualClock()).begin("ada", "k", "d") is Standing.UNKNOWN


def test_they_do_not_grow_without_bound(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 5)
    clock = ManualClock()
    kept = Answers(engine, clock)
    for number in range(20):
        clock.advance(1)
        kept.begin("ada", str(number), "d")
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(answers)).scalar_one() == 5
    assert kept.begin("ada", "19", "d") is Standing.UNDER_WAY
