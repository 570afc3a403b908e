"""The tables of incidents, on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import Engine

from opsbook.incidents import store
from opsbook.incidents.model import Incident
from opsbook.incidents.store import Unrecorded
from opsbook.state.database import connect
from tests.crash.test_notices import database, server

__all__ = ["database", "server"]  # fixtures


@pytest.fixture
def engine(database: str) -> Engine:
    return connect(database)


def incident(number: str, at: float = 10.0, severity: str = "high") -> Incident:
    return Incident(number, "t", severity, at, "ada", at)


def test_what_was_saved_is_read_as_it_was_last(engine: Engine) -> None:
    owed = [Unrecorded("incident.opened", "ada", {"change": 1, "at": [1.5, None]})]
    store.save(engine, incident("INC-1"), ["f1", "f2"], owed)
    later = incident("INC-1").acknowledged("bob", 20.0)
    store.save(engine, later, ["f3"], owed)
    assert store.load(engine, "INC-1") == later
    assert store.load_alerts(engine, "INC-1") == {"f1", "f2", "f3"}
    assert store.load_unrecorded(engine) == [("INC-1", owed)]
    store.recorded(engine, "INC-1")
    assert store.load_unrecorded(engine) == []
    engine.dispose()


def test_what_recovered_long_ago_or_was_closed_is_not_watched(engine: Engine) -> None:
    store.save(engine, incident("open"))
    store.save(engine, incident("old").recovered(50.0))
    store.save(engine, incident("new").recovered(150.0))
    store.save(engine, incident("done").closed(150.0, "x", ""))
    assert {each.id for each in store.load_unclosed(engine, 100.0)} == {"open", "new"}
    engine.dispose()


def test_lists_and_counts(engine: Engine) -> None:
    store.save(engine, incident("a", 1.0, "low"))
    store.save(engine, incident("b", 2.0))
    store.save(engine, incident("c", 3.0).closed(4.0, "x", ""))
    assert [each.id for each in store.load_latest(engine, 2)] == ["c", "b"]
    assert [each.id for each in store.load_latest(engine, 9, ["open"], "low")] == ["a"]
    assert store.count(engine) == {("open", "low"): 1, ("open", "high"): 1, ("closed", "high"): 1}
    engine.dispose()


def test_a_number_that_is_taken_gets_another(engine: Engine) -> None:
    for expected in ("INC-1", "INC-1-2", "INC-1-3"):
        number = store.free_number(engine, "INC-1")
        assert number == expected
        store.save(engine, incident(number))
    engine.dispose()


def test_an_alert_is_dealt_with_once_its_incident_was_closed(engine: Engine) -> None:
    store.save(engine, incident("a").closed(40.0, "x", ""), ["f1", "f2"])
    store.save(engine, incident("b").closed(60.0, "x", ""), ["f1"])
    store.save(engine, incident("c"), ["f3"])
    assert store.dealt_with(engine, ["f1", "f2", "f3", "f4"]) == {"f1": 60.0, "f2": 40.0}
    engine.dispose()
