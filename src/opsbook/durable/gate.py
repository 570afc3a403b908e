"""The door before every step: shut to let what is under way end and nothing begin."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Counts who is inside. Once shut it stays shut."""

    def __init__(self) -> None:
        self._inside = 0
        self._shut = False
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Enter; before a shut gate, wait until cancelled."""
        if self._shut:
            await asyncio.Event().wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def shut(self, within: float) -> bool:
        """Let nobody in any more; whether all left in so many seconds."""
        self._shut = True
        try:
            async with asyncio.timeout(within):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True
