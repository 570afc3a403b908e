"""One attempt to mend what an alert or a death tells of, and how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from opsbook.response.settings import ResponseSettings


class Stage(StrEnum):
    """`pending` → `chosen` → `fixed` or `failed`."""

    PENDING = "pending"
    """It was seen; nothing has been done."""
    CHOSEN = "chosen"
    """The ledger has it, and its run is asked for or under way."""
    FIXED = "fixed"
    """Its run proved what it did."""
    FAILED = "failed"
    """Its run did not, or was refused."""


@dataclass
class Attempt:
    """Times in seconds since 1970."""

    key: str
    """The fingerprint of the alert, or `death:SERVICE`: one run at a time answers it."""
    response: ResponseSettings
    what: str
    """What it answers, for people."""
    service: str
    """The service that it is about, as far as anything says so."""
    began_at: float
    """When the trouble began."""
    seen_at: float
    """When it was seen; an alert that starts later is another occurrence."""
    at_once: bool
    """Whether people are told meanwhile."""
    alert: Mapping[str, Any] | None = None
    """The alert as templates see it; None for a death."""
    stage: Stage = Stage.PENDING
    incident: str = ""
    chosen_at: float = 0.0
    run: str = ""
    tried: str = ""
    """What was tried and what was seen, for people."""
    let_go: bool = False
    """Whether people are told because it failed, waits for them or took too long."""
    unheard: bool = False
    """Whether people were told before it had ended: how it ended is owed to them."""
    over: bool = False
    """Whether what it answers has ended."""
    hold_until: float = field(init=False)

    def __post_init__(self) -> None:
        self.hold_until = self.seen_at + self.response.hold

    @property
    def of_death(self) -> bool:
        return self.alert is None

    @property
    def under_way(self) -> bool:
        """Whether nothing else should be tried on its service: it runs, or waits to be believed."""
        believed = self.over or self.let_go
        return self.stage is Stage.CHOSEN or (self.stage is Stage.FIXED and not believed)

    def holds(self, now: float) -> bool:
        """Whether people are not told yet."""
        return not self.at_once and not self.let_go and now < self.hold_until

    @property
    def reason(self) -> str:
        """Why they are not."""
        if self.stage is Stage.FIXED:
            return f"mended by {self.response.runbook}, run {self.run}: it should end now"
        if self.run:
            return f"a fix is under way: {self.response.runbook}, run {self.run}"
        return f"a fix is tried first: {self.response.runbook}"

    @property
    def subject(self) -> str:
        """For the ledger."""
        return self.service or self.what


def death_key(service: str) -> str:
    """What stands for a death where alerts have a fingerprint."""
    return f"death:{service}"
