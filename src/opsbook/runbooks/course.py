"""What a step that consists of others sees of the run it is part of."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from opsbook.durable.values import Json
from opsbook.runbooks.context import Context

if TYPE_CHECKING:
    from opsbook.runbooks.action import Action
    from opsbook.runbooks.settings import StepSettings


class Course(ABC):
    """The way of a run through one step. What is decided between durable steps may depend on
    recorded results only."""

    context: Context

    @abstractmethod
    async def act(self, action: "Action") -> dict[str, Json]:
        """Carry an action out as one durable step, on the step's host, within its time.

        Raises ActionFailedError and ActionUnknownError, the same at every passing.
        """

    @abstractmethod
    async def record(self, name: str, look: Callable[[], Awaitable[Json]]) -> Json:
        """The result of a look at the world, which is recorded when it was first taken."""

    @abstractmethod
    async def carry_out(
        self, steps: "Sequence[StepSettings]", part: str, values: Mapping[str, Any]
    ) -> dict[str, Json]:
        """Carry out steps below this one, with further values for their templates.

        `part` tells this time from others, such as the number of an item. The results by step;
        raises ActionFailedError where one failed and its runbook says to stop.
        """

    @property
    def kept(self) -> MutableMapping[str, Any]:
        """What earlier tries of this step left behind in this run. It is not recorded: whoever
        comes by again finds it again, for what is put there follows from what is."""
        return {}

    async def resumed(self, part: str) -> bool:
        """Whether the run was resumed after parts of this step had failed, which are then to be
        done again, and nothing else. `part` tells this time from others. A run that fails now is
        resumed here."""
        return False

    @abstractmethod
    async def ask(self, question: str, within: float, signal: str) -> dict[str, Json]:
        """Wait for a person's word, which is shown as waiting meanwhile: who said what, when.

        Raises ActionFailedError when nobody answered within so many seconds.
        """

    @abstractmethod
    async def start(self, runbook: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Carry out another runbook as part of this run; its results by step."""
