"""Alerting as a whole: takes alerts, tells receivers, forgets nothing on the way."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts import said, store
from opsbook.alerts.acknowledgements import Acknowledgement, Acknowledgements
from opsbook.alerts.delivery.board import MOST, Board, joined
from opsbook.alerts.delivery.chronicle import Chronicle
from opsbook.alerts.delivery.groups import Group, Groups, in_order
from opsbook.alerts.delivery.mender import Mender, NoMender
from opsbook.alerts.delivery.mute import Muter, Muting
from opsbook.alerts.delivery.occurrences import Occurrences
from opsbook.alerts.delivery.outbox import Hook, Outbox
from opsbook.alerts.delivery.page import Pager
from opsbook.alerts.delivery.posts import Post
from opsbook.alerts.delivery.setup import Setup
from opsbook.alerts.delivery.silencing import Silencing
from opsbook.alerts.delivery.teller import Teller
from opsbook.alerts.model import Alert, compute_fingerprints
from opsbook.alerts.routing.inhibition import Inhibitor
from opsbook.alerts.routing.route import Route
from opsbook.alerts.silences import Silence, Silences, silence_from
from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.core.jumps import Noticing
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_TICK = 1.0
_KEPT_ENDED = 1800.0
"""Seconds for which an alert that has ended is still shown, and merged with."""
_KEPT_HISTORY = 400 * 86_400.0
_AT_ONCE = 500
"""Alerts that are handled before others have their turn on the event loop."""
_SEVERAL = 50
"""With fewer alerts at once nobody writes for so long that others had to wait."""
_MANY = 2000
"""More alerts than these are put in order in a thread."""
_AGAIN = 5.0

_Waiting = tuple[Sequence[Alert], "asyncio.Future[int]"]


class Alerting:
    """Built on what an earlier life left in the database. Its tasks live within `run`."""

    def __init__(
        self,
        setup: Setup,
        engine: Engine,
        ledger: Ledger,
        clock: Clock,
        external_url: str,
        suppression: Callable[[Alert], str] = lambda alert: "",
        hook: Hook = lambda step: None,
        announce: Callable[[object], None] = lambda event: None,
    ) -> None:
        """Blocks. `suppression` says why an alert need not be told; empty where it must.
        `announce` hears of each alert that fires and ends."""
        self.clock = Noticing(clock, self._shift)
        """For who asks whether an alert fires: what fires goes on when the time is set."""
        self.silences = Silences(map(silence_from, store.load_silences(engine)))
        self.acknowledgements = Acknowledgements(store.load_acknowledgements(engine))
        self.outbox = Outbox(engine, ledger, clock, setup, hook)
        self.pager = Pager(self.outbox, engine, clock, external_url)
        self.mender: Mender = NoMender()
        """Who tries to mend what alerts are about before people are told."""
        self.refused = 0
        """Alerts for which there was no room."""
        self.trouble: str | None = None
        """Why alerts cannot be written down, or None."""
        self._engine, self._ledger, self._clock = engine, ledger, self.clock
        self._silencing = Silencing(self.silences, engine, ledger, clock)
        self._chronicle = Chronicle(ledger, announce)
        self._external_url, self._suppression = external_url, suppression
        self._incoming: deque[_Waiting] = deque()
        self._arrived, self._moved = asyncio.Event(), asyncio.Event()
        self._under_way = 0
        self._occurrences = Occurrences(said.load_said(engine), self._chronicle)
        until = clock.now() + setup.resolve_timeout
        known = store.load_alerts(engine)
        self.board = Board(self._occurrences.restored(alert, until) for alert in known)
        self._set_up(setup)

    def _set_up(self, setup: Setup) -> None:
        self.setup = self.outbox.setup = setup
        inhibitor = Inhibitor(setup.inhibitions)
        self._muter = Muter(
            self.silences,
            inhibitor,
            setup.intervals,
            self._suppression,
            lambda alert: self.mender.holds(alert),
        )
        self._teller = Teller(
            setup,
            self._muter,
            self.outbox,
            self.acknowledgements,
            self._external_url,
            lambda alert: self.mender.tried(alert),
        )
        self.groups = Groups()
        self._routes: dict[str, list[Route]] = {}
        for alert in self.board.alerts.values():
            self._place(alert)

    def reload(self, setup: Setup) -> None:
        """Go on by another configuration. What receivers know stays known."""
        self._set_up(setup)
        self._moved.set()
        self.outbox.nudge()

    async def put(self, alerts: Sequence[Alert]) -> int:
        """Take alerts; on return they survive the process. How many found room. Raises
        SQLAlchemyError if they could not be written down, and then none was taken."""
        if sum(len(waiting) for waiting, _ in self._incoming) + len(alerts) > MOST:
            self.refused += len(alerts)
            return 0
        if len(alerts) >= _SEVERAL:
            self._chronicle.hold()
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._incoming.append((alerts, done))
        self._arrived.set()
        return await done

    async def run(self) -> None:
        """Take and tell until cancelled."""
        self._occurrences.carry_on(self.board.alerts.values(), self._clock.now())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.outbox.run(), name="outbox")
            tasks.create_task(self._take(), name="take alerts")
            tasks.create_task(self._tell(), name="tell groups")
            tasks.create_task(self._keep_house(), name="keep alerts")
            tasks.create_task(self._chronicle.run(), name="record alerts")

    def nudge(self) -> None:
        """Look again at what is due: the clock has moved."""
        self._moved.set()
        self.outbox.nudge()

    def look_again(self, fingerprint: str) -> None:
        """What kept an alert quiet has ended: who would have been told of it is told now."""
        for group in self._groups_of(fingerprint):
            if group.flushed:
                self.groups.again(group, self._clock.monotonic())
        self._moved.set()

    async def tell_again(self, fingerprint: str, key: str) -> None:
        """Tell the groups of an alert as they are now, also where nothing is new, to whoever was
        told of them before; with the same key once, also in a later life. Raises
        SQLAlchemyError."""
        now, posts = self._clock.now(), list[Post]()
        for group in self._groups_of(fingerprint):
            audible = await _audible(self._teller, tuple(group.alerts.values()), now)
            posts += self._teller.posts(group, audible, now, key)
        await self.pager.write_once(posts)

    def _groups_of(self, fingerprint: str) -> list[Group]:
        return [each for each in self.groups if fingerprint in each.alerts]

    @property
    def busy(self) -> bool:
        """Whether something is under way, or due now."""
        due = self.groups.next_due
        return (
            self._under_way > 0
            or bool(self._incoming)
            or (due is not None and due <= self._clock.monotonic())
            or self.outbox.busy
            or self._chronicle.busy
        )

    def muting(self, alert: Alert) -> Muting:
        """Why an alert is kept quiet now."""
        return self._muter.muting(alert, self._clock.now())

    def routes(self, alert: Alert) -> list[Route]:
        """Where an alert goes."""
        routes = self._routes.get(alert.fingerprint)
        return routes if routes is not None else self.setup.root.find(alert.labels)

    def route_muted_by(self, route: Route) -> tuple[str, ...]:
        return self._muter.route_muted_by(route, self._clock.now())

    async def silence(self, wanted: Silence, actor: str) -> Silence:
        """Set a silence; what became of it. Raises BadInputError."""
        if wanted.interval and wanted.interval not in self.setup.intervals:
            raise BadInputError(f"no time interval {wanted.interval!r} is declared")
        return await self._silencing.set(wanted, actor)

    async def expire(self, number: str, actor: str) -> None:
        """End a silence now. Raises BadInputError."""
        await self._silencing.end(number, actor)

    async def acknowledge(
        self, fingerprints: Iterable[str], by: str, why: str, assignee: str, until: float | None
    ) -> list[Acknowledgement]:
        """Say that somebody works on these alerts; of those that do not fire nothing is kept."""
        now = self._clock.now()
        made = [
            Acknowledgement(each, by, why, assignee or by, now, until)
            for each in fingerprints
            if (alert := self.board.alerts.get(each)) is not None and not alert.resolved(now)
        ]
        rows = [each.as_dict() for each in made]
        await asyncio.to_thread(store.save_acknowledgements, self._engine, rows)
        for each in made:
            self.acknowledgements.put(each)
            self._ledger.record(
                "alert.acknowledged",
                self.board.alerts[each.fingerprint].name or each.fingerprint,
                actor=by,
                fingerprint=each.fingerprint,
                why=why,
                assignee=each.assignee,
                until=until,
            )
        return made

    async def history(
        self, start: float, end: float, name: str | None, most: int, before: float | None = None
    ) -> list[Alert]:
        """Alerts that have ended, the newest first."""
        return await asyncio.to_thread(
            store.load_history, self._engine, start, end, name, most, before
        )

    async def _take(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._incoming:
                batch = [self._incoming.popleft() for _ in self._incoming.copy()]
                try:
                    await self._take_batch(batch)
                except Exception as error:  # a fault of our own must not end the watch
                    logger.exception("%d reports of alerts were not taken", len(batch))
                    _refuse(batch, error)

    async def _take_batch(self, batch: list[_Waiting]) -> None:
        """Merge what came, write it down, and only then let it count."""
        self._clock.now()  # a jump concerns what was known before
        merged: dict[str, Alert] = {}
        counts = [await self._merge(alerts, merged) for alerts, _ in batch]
        try:
            await asyncio.to_thread(store.save_alerts, self._engine, tuple(merged.values()))
        except SQLAlchemyError as error:
            self._say_trouble(error)
            _refuse(batch, error)
            return
        self.trouble = None
        for number, alert in enumerate(merged.values(), 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            self._count(alert)
        self._moved.set()
        for (_, done), taken in zip(batch, counts, strict=True):
            if not done.done():
                done.set_result(taken)
        self._chronicle.nudge()

    async def _merge(self, alerts: Sequence[Alert], merged: dict[str, Alert]) -> int:
        """Add what becomes of these; how many found room."""
        taken = 0
        for start in range(0, len(alerts), _AT_ONCE):
            some = alerts[start : start + _AT_ONCE]
            compute_fingerprints(some)
            for alert in some:
                number = alert.fingerprint
                known = merged.get(number) or self.board.alerts.get(number)
                if known is None and len(self.board.alerts) + len(merged) >= MOST:
                    self.refused += 1
                    continue
                merged[number] = joined(known, alert)
                taken += 1
            await asyncio.sleep(0)
        return taken

    def _count(self, alert: Alert) -> None:
        now = self._clock.now()
        self._occurrences.count(self.board.take(alert), alert, now)
        self._place(alert)

    def _place(self, alert: Alert) -> None:
        """Into the groups of its routes, and before those whom it inhibits."""
        self._muter.inhibitor.put(alert)
        routes = self._routes.get(alert.fingerprint)
        if routes is None:
            routes = self._routes[alert.fingerprint] = self.setup.root.find(alert.labels)
        now, monotonic = self._clock.now(), self._clock.monotonic()
        for route in routes:
            self.groups.insert(route, alert, now, monotonic)

    async def _tell(self) -> None:
        while True:
            due = self.groups.next_due
            wait = None if due is None else max(due - self._clock.monotonic(), 0.0)
            if wait is None or wait > 0:
                await self._until_moved(wait)
                continue
            self._under_way += 1
            groups = self.groups.due(self._clock.monotonic())
            try:
                await self._tell_groups(groups)
            except Exception:  # a fault of our own must not end the watch
                logger.exception("%d groups were not told; they are tried again", len(groups))
                for group in groups:
                    self.groups.again(group, self._clock.monotonic() + _AGAIN)
            finally:
                self._under_way -= 1

    async def _until_moved(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            pass
        self._moved.clear()

    async def _tell_groups(self, groups: Sequence[Group]) -> None:
        now, teller = self._clock.now(), self._teller
        decided: list[tuple[Group, tuple[Alert, ...]]] = []
        posts: list[Post] = []
        for group in groups:
            alerts = tuple(group.alerts.values())
            audible = await _audible(teller, alerts, now)
            posts += teller.posts(group, audible, now)
            decided.append((group, alerts))
        try:
            if posts:
                await self.outbox.write(posts)
        except SQLAlchemyError as error:
            self._say_trouble(error)
            for group in groups:
                self.groups.again(group, self._clock.monotonic() + _AGAIN)
            return
        for group, alerts in decided:
            self.groups.told(group, alerts, now)

    async def _keep_house(self) -> None:
        """What time does by itself: alerts end, silences expire, what is old is forgotten."""
        while True:
            try:
                await self.keep_house()
            except SQLAlchemyError as error:
                self._say_trouble(error)
            except Exception:  # a fault of our own must not end the watch
                logger.exception("alerts were not looked after; it is tried again")
            await asyncio.sleep(_TICK)

    async def keep_house(self) -> None:
        """One round of it."""
        now = self._clock.now()
        if ended := self._occurrences.over(self.board.alerts, now):
            await self._end(ended, now)
        await self._forget(now)
        firing = self._occurrences.firing(self.board.alerts)
        if warnings := await self._silencing.mind(firing, now):
            await self.put(warnings)

    async def _end(self, ended: Sequence[Alert], now: float) -> None:
        await asyncio.to_thread(store.forget_history, self._engine, now - _KEPT_HISTORY)
        acknowledged = [a.fingerprint for a in ended if self.acknowledgements.forget(a.fingerprint)]
        if acknowledged:
            await asyncio.to_thread(store.forget_acknowledgements, self._engine, acknowledged)

    async def _forget(self, now: float) -> None:
        gone = self.board.forget_ended(now - _KEPT_ENDED)
        if gone:
            for alert in gone:
                self._muter.inhibitor.forget(alert)
                self._routes.pop(alert.fingerprint, None)
            await asyncio.to_thread(said.forget_alerts, self._engine, gone)
        await self._silencing.forget(now)

    def _shift(self, seconds: float) -> None:
        logger.warning("the clock was set by %+.0f s: what fires goes on", seconds)
        shifted = self.board.shift(seconds, self._clock.now())
        self.groups.renew(shifted)
        for alert in shifted:
            self._muter.inhibitor.put(alert)

    def _say_trouble(self, error: SQLAlchemyError) -> None:
        self.trouble = str(getattr(error, "orig", None) or error)
        logger.error("alerts cannot be written down: %s", self.trouble)


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    """Whoever waits for an answer gets one."""
    for _, done in batch:
        if not done.done():
            done.set_exception(error)


async def _audible(teller: Teller, alerts: tuple[Alert, ...], now: float) -> tuple[Alert, ...]:
    """Those that nothing keeps quiet, as they are shown."""
    found: list[Alert] = []
    for start in range(0, len(alerts), _AT_ONCE):
        some = alerts[start : start + _AT_ONCE]
        found += (alert for alert in some if teller.is_audible(alert, now))
        await asyncio.sleep(0)
    return await asyncio.to_thread(in_order, found) if len(found) > _MANY else in_order(found)
