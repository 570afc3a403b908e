"""All databases of a book: how each stands, what is done to it, and what is due."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine as State
from sqlalchemy.exc import SQLAlchemyError

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, hint_for
from opsbook.core.secrets import mask
from opsbook.databases.care import Care, Past, care, is_due
from opsbook.databases.course import Course, planned
from opsbook.databases.model import DatabaseError, Level, Report, Task
from opsbook.databases.order import SHORTEST, Order, target_of
from opsbook.databases.recorder import FigureRecorder
from opsbook.databases.records import Ended, Signature, ended_before, last_signature
from opsbook.databases.round import Round
from opsbook.databases.settings import DatabaseSettings
from opsbook.durable.model import Queue, Submission
from opsbook.durable.port import DurableError, DurableFunction, Runs, UnknownRunError
from opsbook.state.ledger import Ledger
from opsbook.state.people import Person, Role

logger = logging.getLogger(__name__)

QUEUE = Queue("databases", at_once=2, partitioned=True, poll=1.0)
"""One maintenance of a database at a time."""
_FUNCTION = "database-maintain"
_START_WITHIN = 86_400.0
_TURN = 5.0
"""Seconds between two looks at what is due."""
_WRITTEN_WITHIN = 5.0
"""Seconds for the disk to take a signature."""
_KEPT = 50
"""Maintenances of a database that are remembered."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a database: the last report, or why there is none."""

    name: str
    at: float | None = None
    """Of the report, or of the try; None before the first."""
    report: Report | None = None
    trouble: str = ""

    @property
    def level(self) -> Level:
        return self.report.level if self.report else Level.UNKNOWN


class Databases:
    """Belongs to one event loop. Nothing is maintained before `connect` has said where runs go."""

    def __init__(
        self,
        settings: Mapping[str, DatabaseSettings],
        recorder: FigureRecorder,
        state: State,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self._recorder, self._state, self._ledger, self._clock = recorder, state, ledger, clock
        self._standings = {name: Standing(name) for name in settings}
        self._looking = {name: asyncio.Lock() for name in settings}
        self._since = clock.now()
        self._ended: dict[str, list[Ended]] = {name: [] for name in settings}
        self._signatures: dict[str, Signature | None] = dict.fromkeys(settings)
        self.course = Course(settings, self._figures, state, ledger, clock, self._remember)
        self._runs: Runs | None = None

    @property
    def functions(self) -> Mapping[str, DurableFunction]:
        """For the engine that carries them."""
        return {_FUNCTION: self.course.maintain}

    @property
    def rounds(self) -> Mapping[str, Round]:
        """The last maintenance of each database, under way or over."""
        return self.course.rounds

    def connect(self, runs: Runs) -> None:
        """Say where runs are submitted."""
        self._runs = runs

    async def start(self) -> None:
        """To be called before runs are carried: learn what earlier lives wrote down."""
        for name in self.settings:
            self._ended[name] = await asyncio.to_thread(ended_before, self._state, name)
            self._signatures[name] = await asyncio.to_thread(last_signature, self._state, name)

    async def recall(self) -> None:
        """To be called once runs can be seen: the last maintenance of each database."""
        for name in self.settings:
            for info in await self._known_runs().find(prefix=f"database.{name}.", limit=5):
                if info.partition == name and isinstance(info.result, Mapping):
                    self.course.rounds.setdefault(name, Round.from_json(info.result))
                    break

    async def run(self) -> None:
        """Until cancelled: look at each as often as the book says."""
        async with asyncio.TaskGroup() as group:
            for name in self.settings:
                group.create_task(self._keep_looking(name))
            await asyncio.Event().wait()

    async def keep(self) -> None:
        """Until cancelled: have maintained what is due."""
        while True:
            try:
                await self.turn()
            except (SQLAlchemyError, DurableError) as error:
                logger.warning("databases wait: %s", getattr(error, "orig", None) or error)
            await asyncio.sleep(_TURN)

    async def turn(self) -> None:
        """One look at what is due."""
        await self._give_up_what_never_began()
        now = self._clock.now()
        for name, settings in self.settings.items():
            if is_due(settings, self._past(name), self.care(name), now):
                moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S")
                order = self._order(name, "opsbook", "it is due", scheduled=True)
                await self._submit(f"database.{name}.due.{moment}", order)

    def standings(self) -> list[Standing]:
        """As they were last seen, in the order of the book."""
        return list(self._standings.values())

    def care(self, name: str) -> Care:
        """How its maintenance stands. Raises BadInputError for a name that is none."""
        return care(name, self.known(name), self._past(name), self._clock.now())

    async def look(self, name: str) -> Standing:
        """A new report, kept as samples. Raises BadInputError for a name that is none."""
        settings = self.known(name)
        async with self._looking[name]:
            now = self._clock.now()
            try:
                async with asyncio.timeout(settings.report_within):
                    report = await settings.engine.report(
                        settings.limits, settings.baselines, settings.patience, now
                    )
                found = Standing(name, now, report)
            except TimeoutError:
                said = f"no report within {settings.report_within:g} s"
                found = Standing(name, now, trouble=f"{settings.engine.subject}: {said}")
            except DatabaseError as error:
                found = Standing(name, now, trouble=mask(str(error)))
            await asyncio.to_thread(self._recorder.keep, name, now, found.report)
            self._standings[name] = found
            return found

    async def plan(self, name: str) -> list[Task]:
        """What maintenance comes to now. Raises BadInputError, DatabaseError."""
        settings = self.known(name)
        return await planned(settings, self._order(name, "", ""))

    async def maintain(self, name: str, by: str, why: str, confirmed: str) -> Round:
        """Begin what the plan says; tasks of class 2 only if the name was typed.

        Raises BadInputError, DatabaseError and DurableError; then nothing was begun.
        """
        settings = self.known(name)
        self._known_runs()
        self._check_idle(name)
        if confirmed and confirmed != name:
            raise BadInputError(f"confirmed was {confirmed!r}, and this is {name!r}")
        order = self._order(name, by, why, confirmed=bool(confirmed))
        async with settings.engine.alone(settings.patience):
            tasks = await planned(settings, order)
        self._check_idle(name)
        begun = Round(f"database.{name}.{uuid.uuid4().hex[:8]}", name, by, why, order.now, tasks)
        self.course.expect(begun, tasks)
        try:
            taken = await self._submit(begun.id, order)
        except DurableError:
            self.course.forget(begun.id)
            raise
        if taken != begun.id:
            self.course.forget(begun.id)
            raise _busy(name)
        self.course.rounds[name] = begun
        return begun

    async def sign(self, name: str, person: Person, why: str, digest: str = "") -> Signature:
        """Consent to what the book asks for now being done when nobody is there; `digest`, or
        its beginning, is that of what was read. Raises BadInputError for who may not."""
        found = self.care(name)
        if not person.role.allows(Role.APPROVER):
            raise BadInputError(
                f"{person.name} is {person.role.value}: signing takes the role approver"
            )
        if not found.needs_signature:
            raise BadInputError(f"nothing of {name} wants a signature: no class 2 by itself")
        if digest and (len(digest) < SHORTEST or not found.digest.startswith(digest)):
            raise BadInputError(
                f"{name} has the plan {found.digest[:SHORTEST]} now, not {digest!r}: read it again"
            )
        made = Signature(found.digest, person.name, self._clock.now(), why)
        written = self._ledger.record(
            "database.plan_signed",
            name,
            actor=person.name,
            why=why,
            digest=found.digest,
            target=target_of(self.settings[name]),
            maintain=[each.written for each in self.settings[name].maintain],
        )
        done, _ = await asyncio.wait({written}, timeout=_WRITTEN_WITHIN)
        if not done:
            raise DatabaseError("the ledger has not taken the signature yet: see its trouble")
        self._signatures[name] = made
        return made

    def known(self, name: str) -> DatabaseSettings:
        """Raises BadInputError for a name that is none."""
        if name not in self.settings:
            hint = hint_for(name, self.settings)
            raise BadInputError(f"no such database: {name!r}; {hint}")
        return self.settings[name]

    async def _keep_looking(self, name: str) -> None:
        while True:
            try:
                await self.look(name)
            except Exception:  # a fault of our own must not end the watch
                logger.exception("database %s could not be looked at", name)
            await asyncio.sleep(self.settings[name].every)

    async def _give_up_what_never_began(self) -> None:
        """A run may end without a step, such as one that nobody could begin for a day: nobody
        else says that its round is over."""
        for found in [each for each in self.rounds.values() if each.ended is None]:
            with contextlib.suppress(UnknownRunError):
                info = await self._known_runs().show(found.id)
                if info.ended_at is not None and found.ended is None:
                    self.course.forget(found.id)
                    words = info.cancellation.reason if info.cancellation else info.error
                    found.trouble, found.ended = words or "it never began", info.ended_at

    async def _figures(self, name: str) -> dict[str, Any]:
        report = (await self.look(name)).report
        return {each.name: each.value for each in report.figures.values()} if report else {}

    def _order(self, name: str, by: str, why: str, **how: bool) -> Order:
        settings = self.settings[name]
        steps = [each.written for each in settings.maintain]
        return Order(name, target_of(settings), steps, by, why, self._clock.now(), **how)

    async def _submit(self, number: str, order: Order) -> str:
        submission = Submission(
            number,
            QUEUE.name,
            _FUNCTION,
            order.as_json(),
            partition=order.database,
            single=order.database,
            start_within=_START_WITHIN,
        )
        return await self._known_runs().submit(submission)

    def _check_idle(self, name: str) -> None:
        if name in self.rounds and self.rounds[name].ended is None:
            raise _busy(name)

    def _past(self, name: str) -> Past:
        return Past(self._ended[name], self._signatures[name], self._since)

    def _remember(self, name: str, ended: Ended) -> None:
        """Once for each run: it may have been written down by an earlier life."""
        others = [each for each in self._ended.get(name, ()) if each.run != ended.run]
        self._ended[name] = [*others, ended][-_KEPT:]

    def _known_runs(self) -> Runs:
        if self._runs is None:
            raise BadInputError("the book asks for no maintenance; nothing was done")
        return self._runs


def _busy(name: str) -> BadInputError:
    return BadInputError(f"{name} is being maintained already; wait for its end")
