"""The heartbeat: somebody elsewhere is told that the watch works, as long as it does."""

import asyncio
from collections.abc import Callable

from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.sending.address import shown
from opsbook.alerts.sending.exchange import Call, Route, exchange
from opsbook.alerts.watcher.settings import HeartbeatSettings
from opsbook.book.fields import revealed
from opsbook.core.aside import Aside
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret
from opsbook.state.ledger import Ledger

_TICK = 0.5
_DEADLINE = 10.0
"""Seconds for an answer, and for the watch to say how it is."""
_AGAIN = 10.0
"""Seconds after one that was not answered, where the next is not due before."""


class Heartbeat:
    """Beats from the event loop itself: if that hangs, nobody is told that all is well.

    The ledger has each change, not each beat.
    """

    def __init__(
        self, settings: HeartbeatSettings, healthy: Callable[[], str], ledger: Ledger, clock: Clock
    ) -> None:
        """`healthy` says why the watch is not working, empty where it is; it may block."""
        self.trouble: str | None = None
        """Why the switch was not told that all is well, the last time; or None."""
        self._settings, self._healthy = settings, healthy
        self._ledger, self._clock = ledger, clock
        self._aside = Aside()
        self._due = clock.monotonic()
        self._last = ""

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self.tick()
            await asyncio.sleep(_TICK)

    async def tick(self) -> None:
        """Beat if it is time."""
        now = self._clock.monotonic()
        if now < self._due:
            return
        self._due = now + self._settings.every
        why = await self._why_not()
        if why:
            await self._withhold(why)
            return
        try:
            answer = await self._ask(self._settings.url, b"")
        except NotSentError as error:
            self._due = now + min(self._settings.every, _AGAIN)
            self._turn("heartbeat.unanswered", str(error))
        else:
            self._turn("heartbeat.sent", answer)

    async def _why_not(self) -> str:
        try:
            async with asyncio.timeout(_DEADLINE):
                return await self._aside.run(self._healthy)
        except TimeoutError:
            return f"the watch has not said within {_DEADLINE:g} s how it is"
        except Exception as error:  # whatever it is, all is not well
            return f"{type(error).__name__}: {error}"

    async def _withhold(self, why: str) -> None:
        if self._settings.fail_url is not None:
            try:
                await self._ask(self._settings.fail_url, why.encode())
            except NotSentError as error:
                why = f"{why}; nor could that be said: {error}"
        self._turn("heartbeat.withheld", why)

    async def _ask(self, url: str | Secret, body: bytes) -> str:
        """What the switch answers. Raises NotSentError."""
        settings, place = self._settings, shown(url, None)
        try:
            headers = [(name, revealed(value)) for name, value in settings.headers.items()]
            if settings.bearer is not None:
                headers.append(("Authorization", f"Bearer {settings.bearer.reveal()}"))
            secrets = [value for _, value in headers]
            method = "POST" if body else settings.method
            call = Call(revealed(url), body, headers, method, secrets)
        except BadInputError as error:
            raise NotSentError(f"{place}: {error}") from None
        reply = await exchange(call, Route(), place, _DEADLINE)
        if not reply.good:
            raise NotSentError(f"{place}: {reply}")
        return str(reply)

    def _turn(self, kind: str, said: str) -> None:
        self.trouble = None if kind == "heartbeat.sent" else said
        if kind != self._last:
            self._last = kind
            self._ledger.record(kind, "heartbeat", said=said)
