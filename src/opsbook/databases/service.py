"""All databases of a book: how each stands, and what is done to it, one thing at a time."""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError, nearest
from opsbook.core.secrets import mask
from opsbook.databases.model import DatabaseError, End, Level, Report, Task, TaskResult
from opsbook.databases.recorder import FigureRecorder
from opsbook.databases.settings import DatabaseSettings
from opsbook.state.ledger import Ledger

logger = logging.getLogger(__name__)

_CONFIRMED = 2
"""From this class on the name has to be typed."""
_MOST_STATEMENTS = 10
"""In one entry of the ledger."""
_WRITTEN_WITHIN = 5.0
"""Seconds that nothing is done until the ledger says who does it; a full disk must not stop it."""


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


@dataclass(slots=True)
class Round:
    """One maintenance of a database, under way or over."""

    id: str
    database: str
    by: str
    why: str
    began: float
    tasks: list[Task]
    results: list[TaskResult] = field(default_factory=list)
    before: Standing | None = None
    after: Standing | None = None
    ended: float | None = None

    @property
    def done(self) -> bool:
        """Whether everything that was planned was done."""
        ends = [each.end for each in self.results]
        return len(ends) == len(self.tasks) and set(ends) <= {End.DONE}


class Databases:
    """Belongs to one event loop."""

    def __init__(
        self,
        settings: Mapping[str, DatabaseSettings],
        recorder: FigureRecorder,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.rounds: dict[str, Round] = {}
        """The last of each database."""
        self._recorder, self._ledger, self._clock = recorder, ledger, clock
        self._standings = {name: Standing(name) for name in settings}
        self._looking = {name: asyncio.Lock() for name in settings}
        self._working: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled: look at each as often as the book says. What is under way is stopped."""
        try:
            async with asyncio.TaskGroup() as group:
                for name in self.settings:
                    group.create_task(self._keep_looking(name))
                await asyncio.Event().wait()
        finally:
            for each in self._working.values():
                each.cancel()
            await asyncio.gather(*self._working.values(), return_exceptions=True)

    def standings(self) -> list[Standing]:
        """As they were last seen, in the order of the book."""
        return list(self._standings.values())

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
        try:
            async with asyncio.timeout(settings.report_within):
                return await settings.engine.plan(
                    settings.maintain, settings.patience, self._clock.now()
                )
        except TimeoutError:
            said = f"no plan within {settings.report_within:g} s; see `report_within`"
            raise DatabaseError(f"{settings.engine.subject}: {said}") from None

    async def maintain(self, name: str, by: str, why: str, confirmed: str) -> Round:
        """Begin what the plan says; tasks of class 2 only if the name was typed.

        Raises BadInputError, DatabaseError; then nothing was begun.
        """
        if name in self._working:
            raise BadInputError(f"{name} is being maintained already; wait for its end")
        if confirmed and confirmed != name:
            raise BadInputError(f"confirmed was {confirmed!r}, and this is {name!r}")
        settings, held = self.settings[name], AsyncExitStack()
        await held.enter_async_context(settings.engine.alone(settings.patience))
        try:
            tasks = await self.plan(name)
            if name in self._working:
                raise BadInputError(f"{name} is being maintained already; wait for its end")
        except BaseException:
            await held.aclose()
            raise
        number = f"database.{name}.{uuid.uuid4().hex[:8]}"
        self.rounds[name] = begun = Round(number, name, by, why, self._clock.now(), tasks)
        self._working[name] = asyncio.create_task(self._maintain(begun, bool(confirmed), held))
        return begun

    def known(self, name: str) -> DatabaseSettings:
        """Raises BadInputError for a name that is none."""
        if name not in self.settings:
            meant = nearest(name, self.settings)
            remedy = f"did you mean {meant}?" if meant else f"known: {', '.join(self.settings)}"
            raise BadInputError(f"no such database: {name!r}; {remedy}")
        return self.settings[name]

    async def _keep_looking(self, name: str) -> None:
        while True:
            try:
                await self.look(name)
            except Exception:  # a fault of our own must not end the watch
                logger.exception("database %s could not be looked at", name)
            await asyncio.sleep(self.settings[name].every)

    async def _maintain(self, under_way: Round, confirmed: bool, held: AsyncExitStack) -> None:
        try:
            await self._begin(under_way, confirmed)
            under_way.before = await self.look(under_way.database)
            stopped = ""
            for task in under_way.tasks:
                result = await self._carried_out(task, under_way, confirmed, stopped)
                under_way.results.append(result)
                if task.guards and result.end is not End.DONE:
                    stopped = f"not done, for {task.name} failed"
            under_way.after = await self.look(under_way.database)
        finally:
            del self._working[under_way.database]
            self._end(under_way)
            await held.aclose()

    async def _begin(self, under_way: Round, confirmed: bool) -> None:
        written = self._ledger.record(
            "database.maintenance.begun",
            under_way.database,
            actor=under_way.by,
            why=under_way.why,
            run=under_way.id,
            tasks=[each.name for each in under_way.tasks],
            confirmed=confirmed,
        )
        await asyncio.wait({written}, timeout=_WRITTEN_WITHIN)

    async def _carried_out(
        self, task: Task, under_way: Round, confirmed: bool, stopped: str
    ) -> TaskResult:
        engine = self.known(under_way.database).engine
        refused = stopped
        if task.action_class >= _CONFIRMED and not confirmed:
            refused = f"class {task.action_class}: say `--confirm {under_way.database}`"
        if refused and not task.refused:
            result = TaskResult(task.name, task.action_class, End.REFUSED, refused, {}, {}, 0.0)
        else:
            result = await engine.carry_out(task)
        self._ledger.record(
            "database.task",
            under_way.database,
            actor=under_way.by,
            run=under_way.id,
            task=result.task,
            action_class=result.action_class,
            statements=list(task.statements)[:_MOST_STATEMENTS],
            end=result.end.value,
            said=result.said,
            before=dict(result.before),
            after=dict(result.after),
            seconds=result.seconds,
        )
        return result

    def _end(self, under_way: Round) -> None:
        under_way.ended = self._clock.now()
        self._ledger.record(
            "database.maintenance.ended",
            under_way.database,
            actor=under_way.by,
            run=under_way.id,
            done=under_way.done,
            before=_figures(under_way.before),
            after=_figures(under_way.after),
        )


def _figures(standing: Standing | None) -> dict[str, Any] | None:
    """None where nothing is known."""
    if standing is None or standing.report is None:
        return None
    return {name: figure.value for name, figure in standing.report.figures.items()}
