"""What an action sees when it is carried out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsbook.runbooks.hands import Hands
from opsbook.runbooks.ids import short
from opsbook.runbooks.template import Expression, Template


@dataclass(frozen=True, slots=True)
class Context:
    """One carrying out of one step."""

    run: str
    """The id of the run."""
    path: str
    """The step's place in the run, unlike that of any other, such as `restart.verify`."""
    attempt: str
    """Unlike that of any other try of this step in this run."""
    by: str
    """Who asked for the run."""
    why: str
    values: Mapping[str, Any]
    """Parameters by name, `steps`, `run`, and what steps around this one add, such as `item`.
    Secrets are revealed, and masked wherever Opsbook shows or records text."""
    stopping: asyncio.Event
    """Set when the run was cancelled, or the step's time is over."""
    hands: Hands
    within: float = 86_400.0
    """Seconds that this try may take. The caller sets `stopping` then; who can be left behind by
    a crash, such as a command, ends by it unasked."""

    @property
    def job_id(self) -> str:
        """At most 200 characters, as names of files want it."""
        return short(f"{self.run}.{self.path}.{self.attempt}")

    def text(self, template: Template) -> str:
        """Filled. Raises BadInputError."""
        return template.text(self.values)

    def value(self, template: Template) -> Any:
        """Filled, with the type of the value. Raises BadInputError."""
        return template.value(self.values)

    def holds(self, expression: Expression) -> bool:
        """Raises BadInputError."""
        return expression.holds(self.values)
