"""A step that happens also in a run that was cancelled."""

from collections.abc import Awaitable, Callable

from opsbook.durable.port import Run, RunCancelledError
from opsbook.durable.values import Json


async def surely(run: Run, name: str, action: Callable[[], Awaitable[Json]]) -> Json:
    """As `run.step`: a run is told only once that it was cancelled, and then may go on."""
    try:
        return await run.step(name, action)
    except RunCancelledError:
        return await run.step(f"{name} all the same", action)
