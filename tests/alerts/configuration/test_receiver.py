"""Receivers, composed of kinds of notifiers."""

from opsbook.alerts.configuration.receiver import receiver_type
from tests.alerts.configuration.kinds import KINDS


def test_entries_are_named_by_their_kind_and_number() -> None:
    entry = {"to": "a", "smarthost": "b"}
    receiver = (
        receiver_type(KINDS)
        .model_validate(
            {"name": "n", "email_configs": [entry, {**entry, "to": "c"}], "slack_configs": [{}]}
        )
        .receiver()
    )
    assert sorted(receiver.entries) == ["email[0]", "email[1]", "slack[0]"]
    assert receiver.entries["email[1]"].model_dump()["to"] == "c"


def test_one_without_a_fallback_has_none() -> None:
    made = receiver_type(KINDS)
    assert made(name="n").receiver().fallback is None
    assert made(name="n", fallback="m").receiver().fallback == "m"
