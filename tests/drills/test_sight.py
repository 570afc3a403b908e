"""What the ledger says that was seen."""

import json
from collections.abc import Sequence
from typing import Any

from opsbook.core.clock import iso
from opsbook.drills.fault import Mended
from opsbook.drills.model import Plan, Sight
from opsbook.drills.sight import look
from opsbook.state.chain import Entry

BEGAN = 1_000.0


def plan(by: Sequence[str] = (), alert: str | None = None) -> Plan:
    return Plan(
        drill="d",
        subject="kill a",
        target="a",
        by=tuple(by),
        receiver="on-call",
        alert=alert,
        detected_within=1.0,
        notified_within=1.0,
        recovered_within=1.0,
        lasts=10.0,
        mended=Mended.RESTART,
        asked_by="ada",
        why="",
    )


def seen(wanted: Plan, *told: tuple[str, str, dict[str, Any]]) -> Sight:
    """Of entries that are one second apart."""
    entries = [
        Entry(seq, iso(BEGAN + seq), kind, subject, "opsbook", json.dumps(body), "")
        for seq, (kind, subject, body) in enumerate(told, start=1)
    ]
    return look(wanted, ("a-greets",), entries)


def changed(check: str, after: str = "down") -> tuple[str, str, dict[str, Any]]:
    return "check.changed", check, {"after": after}


def firing(**labels: str) -> tuple[str, str, dict[str, Any]]:
    return "alert.firing", "CheckDown", {"fingerprint": "f1", "labels": labels}


def sent(receiver: str, status: str = "firing") -> tuple[str, str, dict[str, Any]]:
    return "notice.sent", receiver, {"notice": status, "alerts": ["f1"]}


def test_without_names_the_first_that_is_about_the_service_counts() -> None:
    assert seen(plan(), changed("other"), changed("a-greets")).detected == BEGAN + 2
    assert seen(plan(), ("service.died", "b", {}), ("service.died", "a", {})).detected == BEGAN + 2


def test_all_checks_that_are_named_have_to_find_it() -> None:
    wanted = plan(by=["x", "y"])
    assert seen(wanted, changed("x"), ("service.died", "a", {})).detected is None
    both = seen(wanted, changed("x"), changed("y", "degraded"), changed("x"))
    assert (both.detected, both.entries) == (BEGAN + 2, [1, 2])


def test_a_check_that_does_not_know_has_found_nothing() -> None:
    assert seen(plan(), changed("a-greets", "unknown"), changed("a-greets", "up")).detected is None


def test_a_notice_counts_where_its_alert_is_about_the_service_or_its_checks() -> None:
    for labels in ({"service": "a"}, {"check": "a-greets"}):
        assert seen(plan(), firing(**labels), sent("on-call")).notified == BEGAN + 2
    assert seen(plan(), firing(service="b"), sent("on-call")).notified is None
    assert seen(plan(), firing(service="a"), sent("somebody-else")).notified is None
    assert seen(plan(), firing(service="a"), sent("on-call", "resolved")).notified is None


def test_a_notice_counts_even_where_its_alert_is_recorded_after_it() -> None:
    assert seen(plan(), sent("on-call"), firing(service="a")).notified == BEGAN + 1


def test_an_alert_that_is_named_needs_no_labels() -> None:
    assert seen(plan(alert="CheckDown"), firing(), sent("on-call")).notified == BEGAN + 2
    assert seen(plan(alert="Other"), firing(service="a"), sent("on-call")).notified is None


def test_a_service_that_was_verified_has_recovered() -> None:
    verified: tuple[str, str, dict[str, Any]] = ("service.verified", "a", {})
    assert seen(plan(), ("service.verified", "b", {}), verified).recovered == BEGAN + 2
