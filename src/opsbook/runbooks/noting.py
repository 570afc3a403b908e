"""Having it on disk that something begins, for who comes after a crash in the middle of it."""

from pathlib import Path

from opsbook.durable.jobs.model import Command, Ending
from opsbook.durable.port import UnknownRunError
from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.context import Context


def noted(context: Context, what: str) -> bool:
    """Whether that was noted: an id as jobs have it."""
    try:
        context.hands.jobs.output(what)
    except UnknownRunError:
        return False
    return True


async def note(context: Context, what: str) -> None:
    """By a job that does nothing. Raises ActionFailedError; nothing was begun then."""
    nothing = Command(("true",), Path("/"), 10.0)
    outcome = await context.hands.jobs.carry_out(what, nothing)
    if outcome.ending is not Ending.EXITED:
        said = f"it cannot be noted that it begins: {outcome.error or outcome.ending}"
        raise ActionFailedError(f"{said}; nothing was changed")
