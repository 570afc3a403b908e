"""Killed anywhere between an alert, its incident, the ledger and the page: each once."""

import subprocess
import sys
from collections import Counter

import pytest

from opsbook.incidents import store
from opsbook.state.database import connect, reading
from opsbook.state.ledger import read_entries
from tests.crash.test_notices import Catcher, catcher, database, server

__all__ = ["catcher", "database", "server"]  # fixtures

STEPS = [
    "change:written:1",
    "change:recorded:1",
    "page:written",
    "page:sending",
    "page:answered",
    "page:finished",
    "change:written:2",
    "change:recorded:2",
]


def life(database: str, catcher: Catcher, kind: str, end_at: str) -> None:
    command = [sys.executable, "-m", "tests.crash.incident", database, catcher.url, kind, end_at]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == (0 if end_at == "nowhere" else -9), ended.stderr


@pytest.mark.parametrize(
    ("kind", "step"),
    [*(("keyed", step) for step in STEPS), ("plain", "page:sending"), ("plain", "page:answered")],
)
def test_an_incident_is_opened_recorded_and_paged_once_wherever_the_process_died(
    database: str, catcher: Catcher, kind: str, step: str
) -> None:
    life(database, catcher, kind, step)
    life(database, catcher, kind, "nowhere")
    engine = connect(database)
    try:
        (incident,) = store.load_latest(engine, 10)
        assert incident.paged == ("L1",)
        with reading(engine) as connection:
            entries = list(read_entries(connection, subject=incident.id))
        assert Counter(each.kind for each in entries) == {
            "incident.opened": 1,
            "incident.paged": 1,
        }
        assert store.load_unrecorded(engine) == []
    finally:
        engine.dispose()
    assert len(catcher.keys) == (0 if (kind, step) == ("plain", "page:sending") else 1)
    if kind == "plain":
        assert catcher.keys.total() <= 1
