"""Work on a database that ends soon after it is cancelled."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_GRACE = 0.5
"""Seconds that stopped work gives the server to cancel its statement."""


async def stoppable(work: Coroutine[Any, Any, T]) -> T:
    """Do work with psycopg.

    Cancelled once, psycopg tells the server to cancel the statement and waits 10 s for that;
    cancelled twice, it drops the connection.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        for _ in range(2):
            task.cancel()
            done, _pending = await asyncio.wait({task}, timeout=_GRACE)
            if done:
                # What it dies of while it is stopped concerns nobody; asked for, it is not logged.
                with contextlib.suppress(asyncio.CancelledError):
                    task.exception()
                break
        raise
