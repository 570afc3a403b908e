"""The life of one HelixFlow process: start, serve, end within 300 ms of SIGTERM."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path

from opsbook.platforms.helixflow.clock import Clock
from opsbook.platforms.helixflow.control import Control
from opsbook.platforms.helixflow.log import Log
from opsbook.platforms.helixflow.metrics import Metrics
from opsbook.platforms.helixflow.ports import Ports

HOST = "127.0.0.1"
VERSION = "2.0"


class Process:
    """What every service has: its home, its log, its counts, and what it suffers."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self.ports = Ports.read(home / "config/ports.json")
        self.clock = Clock()
        self.log = Log(name, home / "logs" / f"{name}.log", self.clock)
        self.control = Control(home / "hurt" / f"{name}.json", self.log, self.clock)
        self.metrics = Metrics(name, self.clock)
        self.at_end = AsyncExitStack()
        """What has to be closed, in reverse order."""
        self._tasks: set[asyncio.Task[None]] = set()

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Do this as long as the process lives; if it ends by itself, so does the process."""
        self._tasks.add(asyncio.create_task(work))

    async def live(self, start: Callable[["Process"], Awaitable[None]]) -> int:
        """From start to end; returns the exit code."""
        ending = self._end_signal()
        async with self.at_end:
            try:
                await start(self)
            except OSError as error:
                self.log.error("cannot start", reason=error)
                return 1
            self.background(self.control.watch())
            self.log.info("started", pid=os.getpid(), version=VERSION)
            await asyncio.wait({ending, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        failed = [task.exception() for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        self.log.info("ended") if not failed else self.log.error("failed", reason=repr(failed[0]))
        return 1 if failed else 0

    def _end_signal(self) -> "asyncio.Future[None]":
        loop = asyncio.get_running_loop()
        ending = loop.create_future()

        def end() -> None:
            if not ending.done():
                ending.set_result(None)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        return ending


def run(name: str, home: Path, start: Callable[[Process], Awaitable[None]]) -> None:
    """Be the service `name` of `home`; `start` opens its ports and returns."""

    async def live() -> int:
        return await Process(name, home).live(start)

    sys.exit(asyncio.run(live()))
