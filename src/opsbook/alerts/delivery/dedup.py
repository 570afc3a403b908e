"""Whether a receiver has to be told, given what it was told last.

Source: the deduplication stage of Alertmanager.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

Reason = Literal["first", "new alerts", "all resolved", "some resolved", "repeat"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a receiver knows of a group: fingerprints, and when it was told."""

    firing: frozenset[str]
    resolved: frozenset[str]
    at: float


def reason_to_tell(
    told: Told | None,
    firing: AbstractSet[str],
    resolved: AbstractSet[str],
    *,
    send_resolved: bool,
    repeat: float,
    now: float,
) -> Reason | None:
    """Why it is to be told now; None if there is nothing new and no repeat is due."""
    if told is None:
        return "first" if firing else None
    if not firing <= told.firing:
        return "new alerts"
    if not firing:
        # Told even where `send_resolved` is false: it must not be believed to fire for ever.
        return "all resolved" if told.firing else None
    if send_resolved and not resolved <= told.resolved:
        return "some resolved"
    # A clock that was set back must not hold repeats for longer than they take.
    return "repeat" if now - told.at > repeat or told.at > now else None
