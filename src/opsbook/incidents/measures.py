"""How fast trouble was seen, answered and mended, from what the ledger has of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Engine

from opsbook.core.clock import iso
from opsbook.state.database import reading
from opsbook.state.ledger import read_entries

_KINDS = (
    "incident.opened",
    "incident.acknowledged",
    "incident.recovered",
    "incident.absorbed",
    "service.verified",
    "service.restart_failed",
    "run.ended",
)


@dataclass(frozen=True, slots=True)
class Measures:
    """Of a period, in seconds and percent; None where nothing was measured."""

    incidents: int
    """Opened in it, less those that had the cause of another."""
    detect_seconds: float | None
    """Mean time from the beginning of trouble to its incident."""
    acknowledge_seconds: float | None
    """Mean time from there until somebody had it."""
    recover_seconds: float | None
    """Mean time from the beginning of trouble until all checks were well."""
    between_failures_seconds: float | None
    """Mean time from one incident's opening to that of the next."""
    change_success_percent: float | None
    """Starts and restarts of services that were verified, and runs of runbooks that changed
    something and succeeded, among all of them."""


def measure(engine: Engine, start: float, end: float) -> Measures:
    """Of incidents opened within the period. Blocks."""
    found: dict[str, list[dict[str, Any]]] = {}
    with reading(engine) as connection:
        for kind in _KINDS:
            entries = read_entries(connection, kind=kind, since=iso(start))
            found[kind] = [each.as_dict() for each in entries if each.at < iso(end)]
    return measured(found)


def measured(found: Mapping[str, list[dict[str, Any]]]) -> Measures:
    """From entries by their kinds, each in the order of time."""
    gone = {each["subject"] for each in found["incident.absorbed"]}
    opened = [each for each in found["incident.opened"] if each["subject"] not in gone]
    numbers = {each["subject"] for each in opened}
    times = [datetime.fromisoformat(each["at"]).timestamp() for each in opened]
    runs = [each["body"]["state"] for each in found["run.ended"] if each["body"]["done"]]
    good = len(found["service.verified"]) + runs.count("succeeded")
    bad = len(found["service.restart_failed"]) + runs.count("failed")
    return Measures(
        incidents=len(opened),
        detect_seconds=_mean(each["body"]["detected_after_seconds"] for each in opened),
        acknowledge_seconds=_mean(_firsts(found["incident.acknowledged"], numbers)),
        recover_seconds=_mean(_firsts(found["incident.recovered"], numbers)),
        between_failures_seconds=_mean(after - before for before, after in pairwise(times)),
        change_success_percent=100 * good / (good + bad) if good + bad else None,
    )


def _firsts(entries: Iterable[Mapping[str, Any]], numbers: set[str]) -> list[float]:
    """Of each incident the first: who takes over later does not answer later."""
    found: dict[str, float] = {}
    for each in entries:
        if each["subject"] in numbers:
            found.setdefault(each["subject"], each["body"]["after_seconds"])
    return list(found.values())


def _mean(values: Iterable[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) / len(known) if known else None
