"""The one place where changes are found, numbered and told to all pages."""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opsbook.core.clock import Clock, iso
from opsbook.core.events import Bus
from opsbook.web.live.aside import ReadAside
from opsbook.web.live.following import Following
from opsbook.web.live.model import Since
from opsbook.web.live.outbox import Outbox
from opsbook.web.live.ring import Ring
from opsbook.web.live.topic import News, Topic, as_object

logger = logging.getLogger(__name__)

_SHORTEST = 0.25
"""Seconds between two turns that events call for, however many there are."""
_LONGEST = 1.0
"""Between two turns though nothing has been announced: not everything is."""
_BEAT = 1.9
"""After so many seconds without a change pages are told that all is as it was; timers may be
a little early."""
_LITTLE = 100_000
"""Characters of missed changes that are told even where everything would be less."""
_FIRST_WITHIN = 1.0
"""Seconds that the first page waits for what is read from the database."""
_READY_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Ear:
    """What is done about events of one type while pages listen."""

    event: type
    hear: Callable[[Any], None]
    at_once: bool = True
    """Whether pages are told before the second is over."""


class Hub:
    """Belongs to one event loop. Turns only while somebody listens."""

    def __init__(
        self,
        topics: Sequence[Topic[Any]],
        ears: Sequence[Ear],
        asides: Sequence[ReadAside[Any]],
        following: Following,
        written: Callable[[], int],
        bus: Bus,
        clock: Clock,
    ) -> None:
        """`written`: how many entries of the ledger are on disk. A new one may mean that a topic
        of which each change is written down has changed, or what is read aside."""
        self.epoch = secrets.token_hex(8)
        self.seq = 0
        self.turns = 0
        """How many there were."""
        self.outboxes: set[Outbox] = set()
        self.following = following
        self._topics, self._ears, self._asides = topics, ears, asides
        self._bus, self._clock = bus, clock
        self._written, self._entries = written, 0
        self._ring = Ring()
        self._state: str | None = None
        self._told_at = self._hurried_at = clock.monotonic()
        self._listeners = 0
        self._listened, self._current = asyncio.Event(), asyncio.Event()
        self._woken = asyncio.Event()
        self._trouble: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """Whether it looks at anything."""
        return self._current.is_set()

    async def run(self) -> None:
        """Tell until cancelled."""
        try:
            while True:
                await self._listened.wait()
                await self._while_listened()
        finally:
            await self.following.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Within it everything is at most a second old. Raises TimeoutError where it is not."""
        self._listeners += 1
        self._listened.set()
        try:
            async with asyncio.timeout(_READY_WITHIN):
                await self._current.wait()
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._listened.clear()

    @contextlib.contextmanager
    def joined(self, outbox: Outbox, since: Since | None) -> Iterator[None]:
        """Give a page what it has missed, or else everything, and then each change. To be called
        within `listening`."""
        outbox.begin(self.missed(since) or [self.state()])
        self.outboxes.add(outbox)
        try:
            yield
        finally:
            self.outboxes.discard(outbox)
            self.following.leave(outbox)

    def missed(self, since: Since | None) -> list[str] | None:
        """The changes after the last one that a page has heard of; None if it has to begin
        anew. Where there were none, that is said."""
        if since is None or since.epoch != self.epoch:
            return None
        changes = self._ring.after(since.seq, self.seq)
        if changes is None or sum(map(len, changes)) > max(len(self.state()), _LITTLE):
            return None
        return changes or [self._beat()]

    def state(self) -> str:
        """Everything as it was at the last turn: made once for all who ask."""
        if self._state is None:
            topics = {each.name: each.items for each in self._topics if each.items is not None}
            shown = as_object({name: as_object(items) for name, items in topics.items()})
            self._state = f'{self._head("state")},{_member("epoch", self.epoch)},"topics":{shown}}}'
        return self._state

    def turn(self) -> None:
        """Find what has changed and tell it."""
        self.turns += 1
        self._stir()
        now = self._clock.monotonic()
        found = {each.name: news for each in self._topics if (news := self._news(each, now))}
        if found:
            self._change(found)
        elif now - self._told_at >= _BEAT - _SHORTEST:
            self._tell(self._beat())
        if any(each.more for each in self._topics):
            self._woken.set()
        for outbox in tuple(self.outboxes):
            outbox.look_after()

    def _stir(self) -> None:
        if (entries := self._written()) != self._entries:
            self._entries = entries
            for aside in self._asides:
                aside.nudge()
            for topic in self._topics:
                if topic.written:
                    topic.stir()

    async def _while_listened(self) -> None:
        for each in self._asides:
            each.tried.clear()
        tasks = [
            asyncio.create_task(each.run(self._woken.set), name="read aside")
            for each in self._asides
        ]
        try:
            with self._hearing():
                await self._first_read(tasks)
                for topic in self._topics:
                    topic.touch()
                self.turn()
                while any(each.more for each in self._topics):
                    await asyncio.sleep(0)
                    self.turn()
                self._current.set()
                while self._listened.is_set():
                    await self._rest()
                    self.turn()
        finally:
            self._current.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _first_read(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """What is not there in time is told when it comes."""
        tried = [asyncio.ensure_future(each.tried.wait()) for each in self._asides]
        try:
            if tried:
                await asyncio.wait(tried, timeout=_FIRST_WITHIN)
        finally:
            for each in tried:
                each.cancel()
            await asyncio.gather(*tried, return_exceptions=True)

    async def _rest(self) -> None:
        """Woken up once a second where nothing happens: that is most of what a page costs."""
        began = self._clock.monotonic()
        due = max(_SHORTEST, min(_LONGEST, self._told_at + _BEAT - began))
        called_for = True

        def ring() -> None:
            nonlocal called_for
            called_for = False
            self._woken.set()

        # A deadline that is met by an exception costs more than the turn that follows.
        alarm = asyncio.get_running_loop().call_later(due, ring)
        try:
            await self._woken.wait()
        finally:
            alarm.cancel()
        if called_for:
            # A turn that nothing had called for keeps no event waiting: what is over within
            # a quarter of a second would never be seen.
            now = self._clock.monotonic()
            self._hurried_at = max(now, self._hurried_at + _SHORTEST)
            await asyncio.sleep(self._hurried_at - now)
        self._woken.clear()

    @contextlib.contextmanager
    def _hearing(self) -> Iterator[None]:
        heard = [(each.event, self._handler(each)) for each in self._ears]
        for event, handler in heard:
            self._bus.subscribe(event, handler)
        try:
            yield
        finally:
            for event, handler in heard:
                self._bus.unsubscribe(event, handler)

    def _handler(self, ear: Ear) -> Callable[[Any], None]:
        def handle(event: Any) -> None:
            ear.hear(event)
            if ear.at_once:
                self._woken.set()

        return handle

    def _news(self, topic: Topic[Any], now: float) -> News | None:
        """A topic that fails stays as it was, and keeps no other from being told."""
        try:
            found = topic.news(now)
        except Exception as error:
            if self._trouble.get(topic.name) != str(error):
                logger.exception("%s: pages show them as they were", topic.name)
            self._trouble[topic.name] = str(error)
            return None
        self._trouble.pop(topic.name, None)
        return found

    def _change(self, found: dict[str, News]) -> None:
        self.seq += 1
        self._state = None
        shown = {name: as_object(news.set) for name, news in found.items()}
        gone = {name: news.gone for name, news in found.items() if news.gone}
        rest = f',"set":{as_object(shown)},"gone":{json.dumps(gone)}}}'
        text = self._head("change") + rest
        self._ring.add(self.seq, text)
        self._tell(text)

    def _beat(self) -> str:
        return self._head("beat") + "}"

    def _head(self, kind: str) -> str:
        at = iso(self._clock.now())
        return f'{{{_member("kind", kind)},"seq":{self.seq},{_member("at", at)}'

    def _tell(self, text: str) -> None:
        self._told_at = self._clock.monotonic()
        for outbox in tuple(self.outboxes):
            outbox.put(text)


def _member(name: str, value: str) -> str:
    return f"{json.dumps(name)}:{json.dumps(value)}"
