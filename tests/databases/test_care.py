"""How the care for a database stands, and when it is due."""

from typing import Any

import pytest

from opsbook.databases.care import Care, CareState, Past, care, is_due
from opsbook.databases.order import digest_of
from opsbook.databases.records import Ended, Signature
from opsbook.databases.settings import DatabaseSettings, database_settings_type

DAY = 86_400.0
NOW = 1_800_000_000.0
MOVE = {"retention": {"table": "requests", "column": "made", "older_than": "30d"}}


def declared(*steps: Any, **words: Any) -> DatabaseSettings:
    written = {"sqlite": {"path": "/nowhere/a.db"}, "maintain": list(steps) or [{"analyze": {}}]}
    made: DatabaseSettings = database_settings_type(["sqlite"]).model_validate(written | words)
    return made


def ended(at: float, **words: Any) -> Ended:
    known = {"scheduled": True, "done": True, "waiting": False, "said": "", **words}
    return Ended(f"database.a.{at:.0f}", at, "opsbook", **known)


def stands(settings: DatabaseSettings, *past: Ended, signature: Signature | None = None) -> Care:
    return care("a", settings, Past(past, signature, since=NOW - 60), NOW)


def due(settings: DatabaseSettings, *past: Ended, signature: Signature | None = None) -> bool:
    known = Past(past, signature, since=NOW - 60)
    return is_due(settings, known, care("a", settings, known, NOW), NOW)


def signed(settings: DatabaseSettings, at: float = NOW) -> Signature:
    return Signature(digest_of("a", settings), "grace", at, "why not")


def test_what_nobody_does_by_itself_has_no_state_and_is_never_due() -> None:
    assert stands(declared()).state is None
    assert not due(declared())


def test_it_is_late_after_one_and_a_half_intervals() -> None:
    weekly = declared(maintain_every="7d")
    assert stands(weekly, ended(NOW - 10 * DAY)).state is CareState.GOOD
    assert stands(weekly, ended(NOW - 11 * DAY)).state is CareState.LATE


def test_what_waits_for_a_signature_for_too_long_is_late() -> None:
    weekly = declared(MOVE, maintain_every="7d")
    half = ended(NOW - DAY, done=False, waiting=True)
    assert stands(weekly, ended(NOW - 8 * DAY), half).state is CareState.WAITING
    late = stands(weekly, ended(NOW - 15 * DAY), half)
    assert late.state is CareState.LATE
    assert "opsbook db sign a" in late.why


def test_a_failure_is_told_until_it_was_done() -> None:
    weekly = declared(maintain_every="7d")
    failed = ended(NOW - DAY, done=False, said="it is locked")
    assert stands(weekly, failed).why == "the last maintenance failed: it is locked"
    assert stands(weekly, failed, ended(NOW - 60, scheduled=False)).state is CareState.GOOD
    half = ended(NOW - 60, scheduled=False, done=False)
    assert stands(weekly, failed, half).state is CareState.FAILED


def test_what_was_signed_is_done_soon_but_not_out_of_its_time_of_day() -> None:
    half = ended(NOW - 60, done=False, waiting=True)
    weekly, nightly = declared(MOVE, maintain_every="7d"), declared(MOVE, maintain_at="03:30")
    assert not due(weekly, half)
    assert due(weekly, half, signature=signed(weekly))
    assert not due(weekly, half, signature=signed(weekly, NOW - 120)), "it was tried since"
    assert not due(nightly, half, signature=signed(nightly))


def test_what_failed_at_a_time_of_day_is_tried_again_at_that_time() -> None:
    failed = ended(NOW - 4 * 3600, done=False)
    assert not due(declared(maintain_at="03:30"), failed)
    assert due(declared(maintain_every="1d"), failed)


@pytest.mark.parametrize(
    "other",
    [
        declared({"retention": {**MOVE["retention"], "older_than": "31d"}}, maintain_every="7d"),
        declared(MOVE, {"analyze": {}}, maintain_every="7d"),
        declared(MOVE, maintain_every="7d", sqlite={"path": "/nowhere/b.db"}),
    ],
)
def test_a_signature_is_of_one_list_and_one_database(other: DatabaseSettings) -> None:
    weekly = declared(MOVE, maintain_every="7d")
    assert stands(weekly, signature=signed(weekly)).signed
    found = stands(other, signature=signed(weekly))
    assert (found.signed, found.state) == (False, CareState.WAITING)
    assert "what was signed has changed since" in found.why


def test_what_is_only_of_class_1_wants_no_signature() -> None:
    assert not declared({"integrity": {}}, {"optimise": {}}, maintain_every="7d").needs_signature
    assert not declared(MOVE).needs_signature, "nobody does it by itself"
