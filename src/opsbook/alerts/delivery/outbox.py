"""The outbox: notices that are written down leave from here, each until it is done with."""

import asyncio
import heapq
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts.delivery import posts as table
from opsbook.alerts.delivery.dedup import Told, reason_to_tell
from opsbook.alerts.delivery.posts import Post, Status
from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.notifier import Notifier, NotSentError
from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.core.clock import Clock
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_AT_ONCE = 4
"""Notices that one entry is sent at the same time: one that hangs holds up itself only."""
_DEADLINE = 30.0
"""Seconds for one attempt."""
_LONGEST = 3600.0
"""Seconds that a notice waits for its turn at most, whatever the clock says."""
_FIRST_RETRY, _LAST_RETRY = 1.0, 300.0
_PATIENCE = 60.0
"""After so many seconds of trying, the receiver's fallback is told, and trying goes on."""
_REMIND = 14_400.0
"""Seconds after which a fallback is told again that nothing has changed."""
_KEPT = 10 * 86_400.0
_LEDGER_DEADLINE = 10.0
_FAREWELL = 5.0
"""Seconds that what is being sent has to arrive when the process is to end."""
_PAUSE = 1.0
"""Seconds between two tries to write to a table that cannot be written."""

Hook = Callable[[str], None]
"""Called with the name of each step of a delivery: tests end the process there."""


class Outbox:
    """Sends what is in the table of posts. Its tasks live within `run`."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        clock: Clock,
        setup: Setup,
        hook: Hook = lambda step: None,
    ) -> None:
        """Reads what an earlier life left: no notice of it is lost, none is sent twice."""
        self.setup = setup
        self.sent: Counter[str] = Counter()
        """Kind of notifier → notices that arrived since the start; the same for the next three."""
        self.failed: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.trouble: str | None = None
        """Why the table cannot be written, or None."""
        self._engine, self._ledger, self._clock, self._hook = engine, ledger, clock, hook
        self._told: dict[str, Told] = table.load_told(engine)
        self._open: dict[str, Post] = {}
        """Slot → the one post that waits."""
        self._sending: dict[str, Post] = {}
        self._lanes: dict[tuple[str, str], list[tuple[float, int, Post]]] = {}
        """Entry of a receiver → its posts, by when they are due in monotonic seconds."""
        self._busy: Counter[tuple[str, str]] = Counter()
        self._doubtful: list[Post] = []
        self._unrecorded = table.load_unrecorded(engine)
        self._wake = asyncio.Event()
        for post in table.load_open(engine):
            self._take_over(post)

    def _take_over(self, post: Post) -> None:
        """What was being sent when the process died may have arrived."""
        notifier = self.setup.notifier(post.notice.receiver, post.entry)
        if post.status is Status.SENDING and not (notifier and notifier.takes_key):
            self._doubtful.append(post)
            self._told[post.slot] = post.told
            return
        post.status = Status.NEW
        self._queue(post)

    def told(self, slot: str) -> Told | None:
        """What the receiver knows, or will know when what is on its way has arrived."""
        sending = self._sending.get(slot)
        return sending.told if sending else self._told.get(slot)

    def waiting(self, slot: str) -> Post | None:
        """What has not been sent yet."""
        return self._open.get(slot)

    @property
    def undelivered(self) -> list[Post]:
        return [*self._open.values(), *self._sending.values()]

    @property
    def kinds(self) -> set[str]:
        """Kinds of notifiers that are declared."""
        receivers = self.setup.receivers.values()
        return {_kind(entry) for receiver in receivers for entry in receiver.entries}

    @property
    def settled(self) -> bool:
        """Whether what an earlier life left in doubt is written down as such."""
        return not (self._doubtful or self._unrecorded)

    @property
    def busy(self) -> bool:
        """Whether something is on its way, or could leave now."""
        return bool(self._sending) or self._next_due() == 0.0

    @property
    def oldest(self) -> float | None:
        """When the oldest undelivered notice was made."""
        return min((post.made_at for post in self.undelivered), default=None)

    async def write(self, posts: Sequence[Post]) -> None:
        """Write posts down; on return they survive the process. Each takes the place of what
        waits in its slot. Raises SQLAlchemyError, and then nothing has changed."""
        await self._write(posts)

    async def _write(self, posts: Sequence[Post], given_up: Post | None = None) -> None:
        superseded = [old for post in posts if (old := self._open.get(post.slot))]
        now = self._clock.now()
        await asyncio.to_thread(table.write, self._engine, posts, superseded, now, given_up)
        self._hook("written")
        for old in superseded:
            # It may have left while the table was written: then both arrive, in their order.
            if self._open.get(old.slot) is old:
                del self._open[old.slot]
                old.status = Status.SUPERSEDED
        for post in posts:
            if post.status is Status.NEW:
                self._queue(post)
            else:
                self._told[post.slot] = post.told
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; what is on its way then has some seconds to arrive."""
        tasks: set[asyncio.Task[None]] = set()
        try:
            await self._settle_past()
            tasks.add(asyncio.create_task(self._prune_daily(), name="prune notices"))
            while True:
                self._wake.clear()
                for post in self._leaving():
                    task = asyncio.create_task(self._carry(post), name=f"notice {post.id}")
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await self._until(self._next_due())
        finally:
            await self._end(tasks)

    def nudge(self) -> None:
        """Look again at what is due: the clock has moved."""
        self._wake.set()

    async def _settle_past(self) -> None:
        for post in self._unrecorded:
            await self._record(post)
        for post in self._doubtful:
            answer = "the process ended while it was sent: it may have arrived"
            await self._finish(post, Status.UNKNOWN, answer)
        self._unrecorded, self._doubtful = [], []

    async def _end(self, tasks: set[asyncio.Task[None]]) -> None:
        sending = {task for task in tasks if task.get_name().startswith("notice")}
        if sending:
            await asyncio.wait(sending, timeout=_FAREWELL)
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _queue(self, post: Post) -> None:
        lane = (post.notice.receiver, post.entry)
        self._open[post.slot] = post
        # A clock that was set back must not hold a notice for as long as that.
        wait = min(max(post.due_at - self._clock.now(), 0.0), _LONGEST)
        due = self._clock.monotonic() + wait
        heapq.heappush(self._lanes.setdefault(lane, []), (due, post.id, post))

    def _leaving(self) -> Iterable[Post]:
        """Posts that are due and whose entry has room, taken out of the queue."""
        now = self._clock.monotonic()
        for lane, queue in self._lanes.items():
            held: list[tuple[float, int, Post]] = []
            while queue and queue[0][0] <= now and self._busy[lane] < _AT_ONCE:
                entry = heapq.heappop(queue)
                post = entry[2]
                if self._open.get(post.slot) is not post:
                    continue
                if post.slot in self._sending:
                    held.append(entry)
                    continue
                del self._open[post.slot]
                self._sending[post.slot] = post
                self._busy[lane] += 1
                yield post
            for entry in held:
                heapq.heappush(queue, entry)

    def _next_due(self) -> float | None:
        """Seconds until something may leave; None where only an event can change that."""
        now = self._clock.monotonic()
        dues = [
            queue[0][0] - now
            for lane, queue in self._lanes.items()
            if queue and self._busy[lane] < _AT_ONCE and queue[0][2].slot not in self._sending
        ]
        return max(min(dues), 0.0) if dues else None

    async def _until(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _carry(self, post: Post) -> None:
        lane = (post.notice.receiver, post.entry)
        try:
            await self._attempt(post)
            if post.status is Status.NEW and post.slot in self._open:
                # Something newer waits: this one need not be sent again.
                post.status, post.done_at = Status.SUPERSEDED, self._clock.now()
                await self._write_down(post, recorded=True)
        except Exception:  # a fault of our own must not end the delivery of others
            logger.exception("notice %s to %s is stuck", post.id, post.notice.receiver)
        finally:
            self._busy[lane] -= 1
            if self._sending.get(post.slot) is post:
                del self._sending[post.slot]
            if post.status is Status.NEW:
                self._queue(post)
            self._wake.set()

    async def _attempt(self, post: Post) -> None:
        notifier = self.setup.notifier(post.notice.receiver, post.entry)
        if notifier is None:
            name = f"{post.notice.receiver} {post.entry}"
            await self._give_up(post, f"{name} is not declared any more; nobody was told")
            return
        post.status, post.attempts = Status.SENDING, post.attempts + 1
        # Not sent before it is written down that it may have been.
        await self._write_down(post)
        self._hook("sending")
        try:
            async with asyncio.timeout(_DEADLINE):
                delivery = await notifier.send(post.notice, post.key, self.setup.templates)
        except TemplateError as error:
            await self._give_up(post, str(error))
        except TimeoutError:
            late = NotSentError(f"no answer within {_DEADLINE:g} s", uncertain=True)
            await self._not_sent(post, notifier, late)
        except NotSentError as error:
            await self._not_sent(post, notifier, error)
        except Exception as error:  # a fault of a notifier must not end the delivery of others
            logger.exception("notice %s to %s failed", post.id, post.notice.receiver)
            await self._give_up(post, f"{type(error).__name__}: {error}")
        else:
            self._hook("answered")
            self.sent[_kind(post.entry)] += 1
            await self._finish(post, Status.SENT, delivery.answer)

    async def _not_sent(self, post: Post, notifier: Notifier, error: NotSentError) -> None:
        if error.permanent:
            await self._give_up(post, str(error))
        elif error.uncertain and not notifier.takes_key:
            await self._finish(post, Status.UNKNOWN, str(error))
        else:
            await self._again(post, error)

    async def _again(self, post: Post, error: NotSentError) -> None:
        wait = min(_FIRST_RETRY * 2 ** (post.attempts - 1), _LAST_RETRY)
        wait = max(wait * random.uniform(0.8, 1.2), error.retry_after or 0.0)  # noqa: S311 - no secret
        self.retries[_kind(post.entry)] += 1
        now = self._clock.now()
        post.due_at, post.answer = now + wait, str(error)
        post.status = Status.NEW
        await self._write_down(post)
        if now - post.made_at >= _PATIENCE and (instead := self._instead(post)):
            await self._until_written(lambda: self._write(instead))

    async def _write_down(self, post: Post, *, recorded: bool = False) -> None:
        """How it stands now: what was sent must not be sent again for want of a note."""
        change = partial(table.change, self._engine, post, recorded=recorded)
        await self._until_written(lambda: asyncio.to_thread(change))

    async def _until_written(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await write()
            except SQLAlchemyError as error:
                self._say_trouble(error)
                await asyncio.sleep(_PAUSE)
            else:
                self.trouble = None
                return

    async def _give_up(self, post: Post, reason: str) -> None:
        """Who is told instead is written down with it: no death of the process comes between."""
        self.failed[_kind(post.entry)] += 1
        logger.error("a notice to %s %s failed: %s", post.notice.receiver, post.entry, reason)
        post.status, post.answer, post.done_at = Status.FAILED, reason, self._clock.now()
        await self._until_written(lambda: self._write(self._instead(post), post))
        self._hook("finished")
        await self._record(post)

    def _instead(self, post: Post) -> list[Post]:
        """What the receiver's fallback has to hear of this, given what it has heard."""
        receiver = self.setup.receivers.get(post.notice.receiver)
        fallback = self.setup.receivers.get(receiver.fallback or "") if receiver else None
        if fallback is None or post.reserve:
            return []
        said = {"instead_of": post.notice.receiver, "because": post.answer}
        notice = replace(post.notice, receiver=fallback.name, variables=said)
        now = self._clock.now()
        made = [
            Post(notice, entry, post.firing, post.resolved, now, now, reserve=True)
            for entry in fallback.entries
        ]
        return [each for each in made if self._is_news(each, now)]

    def _is_news(self, post: Post, now: float) -> bool:
        """A receiver that is gone fails at every turn of its group; its fallback is not to be
        told the same each time."""
        waiting = self._open.get(post.slot)
        if waiting is not None and waiting.told.firing == post.firing:
            return False
        told = self.told(post.slot)
        reason = reason_to_tell(
            told, post.firing, post.resolved, send_resolved=True, repeat=_REMIND, now=now
        )
        return reason is not None

    async def _finish(self, post: Post, status: Status, answer: str) -> None:
        post.status, post.answer, post.done_at = status, answer, self._clock.now()
        if status is Status.UNKNOWN:
            self.unknown[_kind(post.entry)] += 1
        await self._write_down(post)
        self._hook("finished")
        if status in (Status.SENT, Status.UNKNOWN):
            self._told[post.slot] = post.told
        await self._record(post)

    async def _record(self, post: Post) -> None:
        """Into the ledger, and with it that it is there."""
        notice = post.notice
        given_up = "notice.failed" if post.status is Status.FAILED else "notice.unknown"
        kind = "notice.sent" if post.status is Status.SENT else given_up
        recorded = self._ledger.record(
            kind,
            notice.receiver,
            also=(table.recorded, post.id),
            entry=post.entry,
            group=notice.group_key,
            key=post.key,
            notice=notice.status,
            alerts=[alert.fingerprint for alert in notice.alerts][:100],
            count=len(notice.alerts),
            answer=post.answer,
            attempts=post.attempts,
            variables=dict(notice.variables),
        )
        try:
            async with asyncio.timeout(_LEDGER_DEADLINE):
                await asyncio.shield(recorded)
        except TimeoutError:
            return
        self._hook("recorded")

    async def _prune_daily(self) -> None:
        while True:
            try:
                before = self._clock.now() - _KEPT
                await asyncio.to_thread(table.prune, self._engine, before)
                self._told = {key: told for key, told in self._told.items() if told.at >= before}
            except SQLAlchemyError as error:
                self._say_trouble(error)
            await asyncio.sleep(86_400)

    def _say_trouble(self, error: SQLAlchemyError) -> None:
        self.trouble = str(getattr(error, "orig", None) or error)
        logger.error("notices cannot be written down: %s", self.trouble)


def _kind(entry: str) -> str:
    """`webhook[0]` → `webhook`."""
    return entry.partition("[")[0]
