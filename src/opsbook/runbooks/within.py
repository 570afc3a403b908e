"""An action within its time: it is told to stop, and only then cut off."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

from opsbook.core.units import format_duration
from opsbook.durable.values import Json
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError
from opsbook.runbooks.context import Context
from opsbook.runbooks.telling import told

_GRACE = 15.0
"""Seconds from being told to stop: a command gets SIGTERM, and SIGKILL 10 s later."""


async def carried_out(
    action: Action, context: Context, within: float, *, changes: bool = False
) -> dict[str, Json]:
    """Its result. Raises what the action raises, and ActionFailedError when its time is over.

    What came to its end although it was told to stop has its result all the same. Of what
    `changes` something and does not end when told to, nobody knows: ActionUnknownError.
    Cancelled, it leaves alone what goes on by itself: the next life takes that over.
    """
    stop = asyncio.Event()
    seen = replace(context, stopping=stop, within=within)
    doing = asyncio.create_task(action.carry_out(seen))
    asked = asyncio.create_task(context.stopping.wait())
    with _dropped(doing, asked):
        await asyncio.wait((doing, asked), timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        stop.set()
        await asyncio.wait((doing,), timeout=_GRACE)
        cancelled = asked.done()
        how = "stopped, as the run was cancelled" if cancelled else _late(within)
        if not doing.done():
            _cut_off(f"{told(action, context.values)}: {how}", changes=changes)
        try:
            return doing.result()
        except ActionFailedError as error:
            if cancelled:
                raise
            raise ActionFailedError(
                f"{told(action, context.values)}: {how}", error.result
            ) from None


def _late(within: float) -> str:
    return f"not done within {format_duration(within)}"


def _cut_off(what: str, *, changes: bool) -> NoReturn:
    if changes:
        said = "it did not end when it was told to, and nobody knows what it has done"
        raise ActionUnknownError(f"{what}; {said}")
    raise ActionFailedError(what)


@contextlib.contextmanager
def _dropped(*tasks: "asyncio.Task[Any]") -> Iterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            # What it raised after nobody waited for it is of no use to anybody.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
