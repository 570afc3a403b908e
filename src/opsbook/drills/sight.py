"""Seeing: what the ledger says that happened to the platform since the fault began.

The ledger knows it also when Opsbook was killed in between.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from opsbook.drills.model import Plan, Sight
from opsbook.state.chain import Entry

KINDS = (
    "service.died",
    "service.unwell",
    "service.verified",
    "check.changed",
    "alert.firing",
    "notice.sent",
)
"""Kinds of entries that say something of it."""
_WORSE = ("degraded", "down")


def look(plan: Plan, checks: Collection[str], entries: Iterable[Entry]) -> Sight:
    """What was seen. `checks` are those of the service that is hurt."""
    told = [each.as_dict() for each in entries]
    sight = Sight()
    sight.detected = _detected(plan, checks, told, sight.entries)
    sight.notified = _notified(plan, checks, told, sight.entries)
    sight.recovered = _recovered(plan, told, sight.entries)
    return sight


def _detected(
    plan: Plan, checks: Collection[str], told: list[dict[str, Any]], entries: list[int]
) -> float | None:
    """When the last of the named checks found it, or the first that is about the service."""
    firsts: dict[str, dict[str, Any]] = {}
    for entry in told:
        if _is_detection(plan, checks, entry):
            firsts.setdefault(entry["subject"] if plan.by else "", entry)
    if not firsts or any(name not in firsts for name in plan.by):
        return None
    entries += [entry["seq"] for entry in firsts.values()]
    return max(_moment(entry) for entry in firsts.values())


def _is_detection(plan: Plan, checks: Collection[str], entry: dict[str, Any]) -> bool:
    kind, subject = entry["kind"], entry["subject"]
    if kind == "check.changed":
        return subject in (plan.by or checks) and entry["body"]["after"] in _WORSE
    about = kind in ("service.died", "service.unwell") and subject == plan.target
    return about and not plan.by


def _notified(
    plan: Plan, checks: Collection[str], told: list[dict[str, Any]], entries: list[int]
) -> float | None:
    about = {
        entry["body"]["fingerprint"]
        for entry in told
        if entry["kind"] == "alert.firing" and _is_about(plan, checks, entry)
    }
    for entry in told:
        body = entry["body"]
        if (
            entry["kind"] == "notice.sent"
            and entry["subject"] == plan.receiver
            and body["notice"] == "firing"
            and about & set(body["alerts"])
        ):
            entries.append(entry["seq"])
            return _moment(entry)
    return None


def _is_about(plan: Plan, checks: Collection[str], entry: dict[str, Any]) -> bool:
    if plan.alert is not None:
        return bool(entry["subject"] == plan.alert)
    labels = entry["body"]["labels"]
    of_service = plan.target is not None and labels.get("service") == plan.target
    return of_service or labels.get("check") in {*plan.by, *checks}


def _recovered(plan: Plan, told: list[dict[str, Any]], entries: list[int]) -> float | None:
    """When the service was verified, which it is after each start."""
    for entry in told:
        if entry["kind"] == "service.verified" and entry["subject"] == plan.target:
            entries.append(entry["seq"])
            return _moment(entry)
    return None


def _moment(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()
