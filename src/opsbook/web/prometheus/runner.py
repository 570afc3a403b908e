"""Threads of their own for queries, so many at once, and each can be stopped."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from opsbook.web.prometheus.errors import ApiError

T = TypeVar("T")
Stopped = Callable[[], bool]

_AT_ONCE = 20
_WAITING = 200
_PATIENCE = 30.0
"""Seconds that a query waits for its turn."""
_GRACE = 0.5
"""Seconds in which a query that is out of time may still say so itself."""
_TIMED_OUT = "query timed out in expression evaluation"


class Runner:
    """Other users of the process's threads never wait for a query, nor the event loop."""

    def __init__(self, at_once: int = _AT_ONCE, patience: float = _PATIENCE) -> None:
        self.at_once = at_once
        self._patience = patience
        # Threads are made when they are needed; the spare ones write what was found.
        self._threads = ThreadPoolExecutor(at_once + 4, "query")
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def run(self, request: Request, seconds: float, work: Callable[[Stopped], T]) -> T:
        """What the work gives. It is told to stop when the client goes or the time is over.

        Raises ApiError; the turn is given back when the work has really ended.
        """
        stop = threading.Event()
        watching = asyncio.create_task(_watch(request, stop))
        try:
            await self._turn(min(seconds, self._patience))
            running = self._begin(work, stop)
            async with asyncio.timeout(seconds + _GRACE):
                return await asyncio.wrap_future(running)
        except TimeoutError:
            raise ApiError("timeout", _TIMED_OUT) from None
        finally:
            stop.set()
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def aside(self, work: Callable[[], T]) -> T:
        """A short piece of work of a query that has had its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _turn(self, seconds: float) -> None:
        if self._turns.locked() and self._waiting >= _WAITING:
            raise ApiError("unavailable", f"{self._waiting} queries are waiting; try again later")
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._turns.acquire()
        except TimeoutError:
            text = f"{self.at_once} queries are running, and none ended within {seconds:g} s"
            raise ApiError("unavailable", text) from None
        finally:
            self._waiting -= 1

    def _begin(self, work: Callable[[Stopped], T], stop: threading.Event) -> Future[T]:
        loop = asyncio.get_running_loop()

        def ended(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended before the query
                loop.call_soon_threadsafe(self._turns.release)

        running = self._threads.submit(work, stop.is_set)
        running.add_done_callback(ended)
        return running


async def _watch(request: Request, stop: threading.Event) -> None:
    """The body was read: what can still come is that the client goes."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    stop.set()
