"""`check`: a check of the book is looked at now."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from opsbook.durable.values import Json
from opsbook.probes.model import Outcome
from opsbook.runbooks.action import Action, ActionFailedError, Thing
from opsbook.runbooks.context import Context
from opsbook.runbooks.fitting import head, simple
from opsbook.runbooks.stopping import unless_stopped
from opsbook.runbooks.template import Template


class Check(Action):
    """Looks at a check of the book now; it must be in one of the states that are named."""

    name: Template
    """Which check."""
    state: Annotated[list[Literal["up", "degraded", "down"]], Field(min_length=1)] = [
        "up",
        "degraded",
    ]
    """What it may be. Unknown is never good enough."""

    gives: ClassVar[Mapping[str, str]] = {
        "state": "what this look found: up, degraded, down",
        "message": "which conditions do not hold, or why the look failed",
        "measurements": "what it measured, by name: `steps.NAME.measurements.latency_seconds`",
    }

    @property
    def subject(self) -> str:
        return f"check {self.name}"

    def names(self) -> Iterable[tuple[Thing, str]]:
        return [("check", self.name.fixed)] if self.name.fixed is not None else []

    async def carry_out(self, context: Context) -> dict[str, Json]:
        look = context.hands.look(context.text(self.name))
        outcome = await unless_stopped(context, self.subject, look)
        result: dict[str, Json] = {
            "state": outcome.state.value,
            "message": outcome.message,
            "measurements": {name: simple(each) for name, each in outcome.measurements.items()},
        }
        if outcome.state.value not in self.state:
            wanted = " or ".join(self.state)
            said = f"{self.subject} is {outcome.state}, not {wanted}{_why(outcome)}"
            raise ActionFailedError(said, result)
        return result


def _why(outcome: Outcome) -> str:
    """A check that is well has no message; what was found tells why it is."""
    told = outcome.message or "; ".join(map(str, outcome.conditions))
    return f": {head(told, 1000)}" if told else ""
