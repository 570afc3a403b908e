"""Blocking work in a thread that is told when nobody wants it any more, and waited for."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FAREWELL = 20.0
"""Seconds that work gets to end after it was told to."""


async def to_its_end(
    call: Callable[[threading.Event], T], stopping: asyncio.Event | None = None
) -> T:
    """What the call returns or raises; it gets an event that is set when it is to end."""
    halt = threading.Event()
    done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    threading.Thread(target=_run, args=(call, halt, done), name="backup", daemon=True).start()
    heeding = asyncio.create_task(_heed(stopping, halt)) if stopping is not None else None
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        halt.set()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(asyncio.shield(done), _FAREWELL)
        raise
    finally:
        if heeding is not None:
            heeding.cancel()


def _run(
    call: Callable[[threading.Event], T], halt: threading.Event, done: "asyncio.Future[T]"
) -> None:
    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    loop = done.get_loop()
    try:
        outcome: tuple[T | None, BaseException | None] = (call(halt), None)
    except Exception as error:
        outcome = (None, error)
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle, *outcome)


async def _heed(stopping: asyncio.Event, halt: threading.Event) -> None:
    await stopping.wait()
    halt.set()
