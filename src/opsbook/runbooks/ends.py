"""How the way of a run through its steps is broken off."""

from opsbook.core.errors import OpsbookError
from opsbook.runbooks.action import ActionFailedError


class StoppedError(ActionFailedError):
    """A step failed, and its runbook says to stop. What it is part of fails with it."""

    def __init__(self, message: str, at: str) -> None:
        super().__init__(message)
        self.at = at
        """The durable step at which a resumed run goes on."""


class EndRunError(OpsbookError):
    """The run is over, whatever the step is part of says about failures."""

    def __init__(self, message: str, at: str, *, roll_back: bool = False) -> None:
        super().__init__(message)
        self.at = at
        self.roll_back = roll_back
