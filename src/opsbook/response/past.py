"""Attempts of an earlier life, as the ledger has them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from opsbook.core.clock import iso
from opsbook.response.attempt import Attempt, Stage
from opsbook.response.choice import Choice
from opsbook.state.chain import Entry
from opsbook.state.database import reading
from opsbook.state.ledger import read_entries

_KINDS = ("response.chosen", "response.held_too_long", "response.fixed", "response.failed")


def earlier(engine: Engine, choice: Choice, since: float) -> dict[str, Attempt]:
    """By key, the last of each. Those whose response the book has no more are let go: nothing
    holds their notices. Blocks."""
    found: dict[str, Attempt] = {}
    for kind, at, body in _entries(engine, since):
        if kind == "response.chosen":
            response = choice.by_title.get(body["response"])
            found.pop(body["key"], None)
            if response is not None:
                found[body["key"]] = Attempt(
                    body["key"],
                    response,
                    body["what"],
                    body["service"],
                    body["began_at"],
                    body["seen_at"],
                    body["at_once"],
                    body["alert"],
                    Stage.CHOSEN,
                    body["incident"],
                    at,
                )
        elif (attempt := found.get(body["key"])) is not None:
            _go_on(attempt, kind, body)
    return found


def _go_on(attempt: Attempt, kind: str, body: dict[str, Any]) -> None:
    attempt.run = body["run"] or attempt.run
    if kind == "response.held_too_long":
        attempt.let_go, attempt.unheard = True, attempt.stage is Stage.CHOSEN
    else:
        attempt.tried = body["tried"]
        attempt.incident = body["incident"] or attempt.incident
        attempt.unheard = body["unheard"]
    if kind == "response.fixed":
        attempt.stage = Stage.FIXED
        attempt.over = attempt.of_death
    elif kind == "response.failed":
        attempt.stage, attempt.let_go = Stage.FAILED, True


def _entries(engine: Engine, since: float) -> Iterator[tuple[str, float, dict[str, Any]]]:
    """In their order."""
    entries: list[Entry] = []
    with reading(engine) as connection:
        for kind in _KINDS:
            entries += read_entries(connection, kind=kind, since=iso(since))
    for entry in sorted(entries, key=lambda each: each.seq):
        at = datetime.fromisoformat(entry.at).timestamp()
        yield entry.kind, at, entry.as_dict()["body"]
