"""What the checks announce."""

from dataclasses import dataclass

from opsbook.probes.model import Outcome, State


@dataclass(frozen=True, slots=True)
class OutcomeTaken:
    """A check ran once."""

    check: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CheckChanged:
    """A check is believed to be in another state than before."""

    check: str
    service: str | None
    before: State
    after: State
    outcome: Outcome | None
    """The last thing found; None for a check that is late before its first outcome."""
    cause: str | None
    """The failing check that this one is behind, if any: look there."""
    flapping: bool
    maintenance: bool
