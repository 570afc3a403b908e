"""What is on its way to one page: no page waits for another."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

_MOST_CHARACTERS = 2_000_000
"""That wait; what it began with aside. The texts themselves are shared by all pages."""
_PATIENCE = 10.0
"""Seconds that one text may take."""


class Outbox:
    """Given up when what waits is too much, or takes too long: then the page begins anew."""

    def __init__(
        self,
        clock: Callable[[], float],
        most_characters: int = _MOST_CHARACTERS,
        patience: float = _PATIENCE,
    ) -> None:
        self.given_up = asyncio.Event()
        self._clock, self._most, self._patience = clock, most_characters, patience
        self._texts: deque[tuple[str, int]] = deque()
        """With what each counts."""
        self._characters = 0
        self._arrived = asyncio.Event()
        self._sending_since: float | None = None

    def begin(self, texts: Iterable[str]) -> None:
        """What the page has to know first, however much it is."""
        for text in texts:
            self._add(text, 0)

    def put(self, text: str) -> None:
        """What has happened since."""
        if not self.given_up.is_set():
            self._add(text, len(text))

    def look_after(self) -> None:
        """To be called now and then: gives up who does not read."""
        since = self._sending_since
        if since is not None and self._clock() - since > self._patience:
            self._give_up()

    async def send(self, send: Callable[[str], Awaitable[None]]) -> None:
        """One after the other, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._texts:
                text, counted = self._texts.popleft()
                self._sending_since = self._clock()
                await send(text)
                self._sending_since = None
                self._characters -= counted

    def _add(self, text: str, counted: int) -> None:
        """One text may be more than all that may wait: what waited before it counts."""
        if self._characters > self._most:
            self._give_up()
            return
        self._texts.append((text, counted))
        self._characters += counted
        self._arrived.set()

    def _give_up(self) -> None:
        self._texts.clear()
        self.given_up.set()
