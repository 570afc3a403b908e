"""The book's `checks:` — how a probe is repeated and what of it is believed."""

from typing import Any, Literal

from pydantic import Field, model_validator

from opsbook.book.fields import Duration, Name
from opsbook.book.kinds import plugged
from opsbook.book.model import Section
from opsbook.core.errors import nearest
from opsbook.probes.conditions import Condition
from opsbook.probes.probe import Probe


class Flapping(Section):
    """When a check changes too often to be told each time."""

    changes: int = Field(default=6, ge=2)
    """This many changes of state…"""
    within: Duration = 600.0
    """…in this time are flapping: the worse state is held…"""
    until_steady: Duration = 300.0
    """…until the better one has lasted this long."""


class CheckSettings(Section):
    """A probe, named by its kind, with an interval and conditions."""

    description: str = ""
    """What it means for people when this fails."""
    service: Name | None = None
    """The service that this check proves; it is verified by its checks."""
    every: Duration = Field(default=10.0, ge=0.01)
    """The interval between two looks."""
    timeout: Duration = Field(default=5.0, gt=0)
    """A look that takes longer is stopped."""
    timed_out: Literal["down", "unknown"] = "down"
    """What a stopped look means."""
    confirm: int = Field(default=2, ge=1)
    """How many outcomes in a row make a worse state believed."""
    retry_every: Duration = Field(default=1.0, gt=0)
    """The interval while a worse state waits to be confirmed."""
    behind: list[Name] = []
    """Checks this one depends on: while one of them fails, it is the cause."""
    restart_when_down: bool = False
    """Whether the service may be restarted, within its budget, when this is believed down:
    true for what a restart can mend, such as a hang; never for an expired certificate."""
    conditions: dict[str, Condition] = {}
    """What the measurements have to be."""
    flapping: Flapping = Flapping()
    """When its changes are too many to be told one by one."""

    @property
    def kind(self) -> str:
        return plugged(self, Probe)[0]

    @property
    def probe(self) -> Probe:
        probe: Probe = plugged(self, Probe)[1]
        return probe

    def effective_conditions(self) -> dict[str, Condition]:
        """The book's conditions, and the kind's own where the book has none."""
        defaults: dict[str, Any] = {
            name: Condition.model_validate(rule)
            for name, rule in self.probe.expects.items()
            if name not in self.conditions
        }
        return defaults | self.conditions

    @model_validator(mode="after")
    def _conditions_name_measurements(self) -> "CheckSettings":
        try:
            measured = self.probe.measured()
        except LookupError:
            return self
        for name in self.conditions:
            if name not in measured:
                meant = nearest(name, measured)
                hint = (
                    f"did you mean {meant}?"
                    if meant
                    else f"{self.kind} measures: {', '.join(measured)}"
                )
                raise ValueError(f"conditions name no measurement {name!r}: {hint}")
        return self
