"""What a process has been told to suffer, by a file in its home that `hurt` writes."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from opsbook.platforms.helixflow.clock import Clock
from opsbook.platforms.helixflow.log import Log

_LOOK_EVERY = 0.05
_BURST_BYTES = 5_000_000
_LINES_AT_ONCE = 500


class Door(Protocol):
    """A port that can be closed while the process lives. Both do nothing the second time."""

    async def open(self) -> None:
        """Accept connections."""
        ...

    async def shut(self) -> None:
        """Refuse connections, and end those that there are."""
        ...


class Control:
    """Reads the file each 50 ms; who answers requests asks `suffer` before each answer."""

    def __init__(self, file: Path, log: Log, clock: Clock) -> None:
        self.doors: list[Door] = []
        """The ports of the process."""
        self._file = file
        self._log = log
        self._clock = clock
        self._how = ""
        self._seconds = 0.0
        self._forget_what_a_restart_mends()

    async def watch(self) -> None:
        """Follow the file until cancelled."""
        seen = None
        while True:
            stamp = self._stamp()
            if stamp != seen:
                seen = stamp
                await self._obey()
            await asyncio.sleep(_LOOK_EVERY)

    async def suffer(self, gone: Callable[[], bool]) -> bool:
        """Hang or dawdle as told, no longer than the caller stays.

        Returns whether the answer has to be an error.
        """
        while self._how == "hang" and not gone():  # noqa: ASYNC110 - a caller leaves silently
            await asyncio.sleep(_LOOK_EVERY)
        if self._how == "slow":
            await asyncio.sleep(self._seconds)
        return self._how == "errors"

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    async def _obey(self) -> None:
        self._how, self._seconds = self._read()
        self._clock.ahead = self._seconds if self._how == "clock" else 0.0
        for door in self.doors:
            await (door.shut() if self._how == "close-port" else door.open())
        if self._how == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._how == "fill-log":
            await self._fill_log()

    def _read(self) -> tuple[str, float]:
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            return str(told["how"]), float(told.get("seconds", 0.0))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return "", 0.0

    async def _fill_log(self) -> None:
        written = 0
        while written < _BURST_BYTES:
            for _ in range(_LINES_AT_ONCE):
                reason = f"cannot reserve cache block {written // 100:08d}: out of memory"
                self._log.error("worker failed", reason=reason, retry="scheduled")
                written += 135
            await asyncio.sleep(0)

    def _forget_what_a_restart_mends(self) -> None:
        if self._read()[0] in ("crash", "hang", "fill-log", "close-port"):
            with contextlib.suppress(OSError):
                self._file.unlink()
