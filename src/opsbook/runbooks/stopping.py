"""Work that ends as soon as its step is to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from opsbook.runbooks.action import ActionFailedError
from opsbook.runbooks.context import Context

T = TypeVar("T")


class HalfWayError(ActionFailedError):
    """It was stopped before it had ended."""


async def unless_stopped(context: Context, subject: str, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; it is cancelled when the step's time is over or the run is
    cancelled.

    Raises HalfWayError then, and whatever the work raises.
    """
    task = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(context.stopping.wait())
    try:
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HalfWayError(f"{subject}: stopped half way")
        return task.result()
    finally:
        for each in (task, stop):
            each.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)
