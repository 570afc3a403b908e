"""Whether a receiver has to be told, given what it was told last."""

import pytest

from opsbook.alerts.delivery.dedup import Reason, Told, reason_to_tell

NOW = 1_700_000_000.0


def told(firing: str, resolved: str = "", ago: float = 10) -> Told:
    return Told(frozenset(firing), frozenset(resolved), NOW - ago)


@pytest.mark.parametrize(
    ("before", "firing", "resolved", "reason"),
    [
        (None, "a", "", "first"),
        (None, "", "a", None),
        (told("a"), "a", "", None),
        (told("a"), "ab", "", "new alerts"),
        (told("ab"), "a", "", None),
        (told("ab"), "a", "b", "some resolved"),
        (told("a", "b"), "a", "b", None),
        (told("a"), "", "a", "all resolved"),
        (told("", "a"), "", "a", None),
        (told("", "a"), "", "b", None),
        (told("a", ago=3601), "a", "", "repeat"),
        (told("a", ago=3600), "a", "", None),
        (told("a", ago=-100), "a", "", "repeat"),
    ],
)
def test_it_is_told_what_is_new(
    before: Told | None, firing: str, resolved: str, reason: Reason | None
) -> None:
    found = reason_to_tell(
        before, set(firing), set(resolved), send_resolved=True, repeat=3600, now=NOW
    )
    assert found == reason


def test_one_that_does_not_want_ends_is_not_told_of_some() -> None:
    def reason(firing: str, resolved: str) -> Reason | None:
        return reason_to_tell(
            told("ab"), set(firing), set(resolved), send_resolved=False, repeat=3600, now=NOW
        )

    assert reason("a", "b") is None
    assert reason("", "ab") == "all resolved"
