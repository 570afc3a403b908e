"""Calls that may hang in the kernel, kept out of the event loop and out of its thread pool."""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Aside:
    """Runs calls that may hang in the kernel: on a dead NFS, or a process that cannot be read.

    Each holder has one thread at most, however often its looks are cancelled: the next call
    waits until a hanging one has ended. The threads are daemons, for those of a pool would
    hold up the end of Opsbook for as long as they hang.
    """

    def __init__(self) -> None:
        self._under_way: concurrent.futures.Future[Any] | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """What the call returns or raises. Cancelling leaves a hanging call behind."""
        if self._under_way is not None and not self._under_way.done():
            with contextlib.suppress(Exception):  # it was for the look that called it
                await asyncio.wrap_future(self._under_way)
        running = _in_thread(call)
        self._under_way = running
        return await asyncio.wrap_future(running)


def _in_thread(call: Callable[[], T]) -> concurrent.futures.Future[T]:
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    # Without this, cancelling who waits would mark it as ended while the thread still hangs.
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(call())
        except Exception as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return outcome
