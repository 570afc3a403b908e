"""Maintenance as a durable run: carried to its end whatever dies.

plan → begin → before → (1 begins → 1 …) → (2 begins → 2 …) → … → after → record
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from sqlalchemy import Engine as State

from opsbook.core.clock import Clock
from opsbook.databases.model import DatabaseError, End, Task, TaskResult
from opsbook.databases.order import Order
from opsbook.databases.records import Ended, last_signature, recorded
from opsbook.databases.round import Round
from opsbook.databases.settings import DatabaseSettings
from opsbook.durable.port import Run, RunCancelledError, StepFailedError
from opsbook.durable.surely import surely
from opsbook.durable.values import Json
from opsbook.state.ledger import Ledger

_CONFIRMED = 2
"""From this class on the name has to be typed, or the plan has to be signed."""
_MOST_STATEMENTS = 10
"""In one entry of the ledger."""
_WRITTEN_WITHIN = 5.0
"""Seconds that nothing is done until the ledger says who does it; a full disk must not stop it."""
_TAKE_OVER = 20.0
"""Seconds for which what a dead Opsbook began may still be at work in the database's server."""
_LOOK_AGAIN = 0.5

Look = Callable[[str], Awaitable[Mapping[str, Any]]]
"""The figures of a database as they are now; none where they are not known."""


class Course:
    """The function of the room's runs. Belongs to one event loop."""

    def __init__(
        self,
        settings: Mapping[str, DatabaseSettings],
        look: Look,
        state: State,
        ledger: Ledger,
        clock: Clock,
        ended: Callable[[str, Ended], None],
    ) -> None:
        """`ended` is told of each maintenance that is over."""
        self.rounds: dict[str, Round] = {}
        """The last of each database."""
        self._settings, self._look, self._told_of_end = settings, look, ended
        self._state, self._ledger, self._clock = state, ledger, clock
        self._life = uuid.uuid4().hex
        self._expected: dict[str, Round] = {}
        self._planned: dict[str, list[Task]] = {}
        self._held: dict[str, AsyncExitStack] = {}

    def expect(self, begun: Round, tasks: list[Task]) -> None:
        """A run of that id is about to be submitted, of which the plan is known already."""
        self._expected[begun.id], self._planned[begun.id] = begun, tasks

    def forget(self, run: str) -> None:
        """There will be no such run."""
        self._expected.pop(run, None)
        self._planned.pop(run, None)

    async def maintain(self, run: Run, value: Json) -> Json:
        """What came of each task, and how the database stood before and after."""
        assert isinstance(value, Mapping)
        order = Order(**value)  # type: ignore[arg-type]
        found = self._expected.pop(run.id, None)
        if found is None:
            found = Round(run.id, order.database, order.by, order.why, order.now)
        self.rounds[order.database] = found
        cancelled: RunCancelledError | None = None
        try:
            await self._carry(run, order, found)
        except StepFailedError as error:
            found.trouble = error.message
        except RunCancelledError as error:
            found.trouble, cancelled = str(error), error
        except Exception as error:
            found.trouble, found.ended = str(error), self._clock.now()
            raise
        finally:
            self._planned.pop(run.id, None)
            await self._let_go(run)
        at: Any = await surely(run, "record", lambda: self.record(run, order, found))
        found.ended = float(at)
        if cancelled is not None:
            raise cancelled
        return found.as_json()

    async def plan(self, run: Run, order: Order) -> Json:
        """The tasks as things are now, and who has signed that they are done."""
        await self._be_alone(run, order)
        tasks = await self._tasks(run, order)
        by = ""
        if order.scheduled:
            signed = await asyncio.to_thread(last_signature, self._state, order.database)
            by = signed.by if signed is not None and signed.digest == order.digest else ""
        return {"tasks": [each.as_json() for each in tasks], "signed_by": by}

    async def begin(self, run: Run, order: Order, found: Round, signed_by: str) -> Json:
        """Have the ledger say who does what, once."""
        if "database.maintenance.begun" not in await self._kinds(run, order):
            written = self._ledger.record(
                "database.maintenance.begun",
                order.database,
                actor=order.by,
                why=order.why,
                run=run.id,
                tasks=[each.name for each in found.tasks],
                confirmed=order.confirmed,
                signed_by=signed_by,
            )
            await asyncio.wait({written}, timeout=_WRITTEN_WITHIN)
        return None

    async def look(self, order: Order) -> Json:
        return dict(await self._look(order.database))

    async def mark(self) -> Json:
        """Which life of Opsbook begins a task: to another one it was under way."""
        return self._life

    async def carry_out(
        self, run: Run, order: Order, found: Round, number: int, began: Json
    ) -> Json:
        """The result of a task, which is written down; what is written down is not done again."""
        for entry in await self._of(run, order):
            if entry["kind"] == "database.task" and entry["body"].get("number") == number:
                return _result(entry["body"])
        task = await self._live(run, order, found.tasks, number)
        if task is None:
            planned = found.tasks[number - 1]
            said = "as things are now, nothing of it is left to be done"
            none: dict[str, Any] = {}
            done = TaskResult(planned.name, planned.action_class, End.DONE, said, none, none, 0.0)
        else:
            engine = self._settings[order.database].engine
            done = await engine.carry_out(task, again=began != self._life)
        await self._write_down(run, order, number, task or found.tasks[number - 1], done)
        return done.as_json()

    async def refuse(
        self, run: Run, order: Order, number: int, task: Task, refusal: tuple[End, str]
    ) -> Json:
        """What is not done, and why, is written down as well."""
        end, said = refusal
        result = TaskResult(task.name, task.action_class, end, said, {}, {}, 0.0)
        known = [each["body"].get("number") for each in await self._of(run, order)]
        if number not in known:
            await self._write_down(run, order, number, task, result)
        return result.as_json()

    async def record(self, run: Run, order: Order, found: Round) -> Json:
        """When it ended. Once, however often this is carried out."""
        now = self._clock.now()
        if "database.maintenance.ended" not in await self._kinds(run, order):
            written = self._ledger.record(
                "database.maintenance.ended",
                order.database,
                actor=order.by,
                run=run.id,
                said=found.said,
                before=dict(found.before) or None,
                after=dict(found.after) or None,
                scheduled=order.scheduled,
                done=found.done,
                waiting=found.waiting,
            )
            await asyncio.wait({written}, timeout=_WRITTEN_WITHIN)
        ended = Ended(run.id, now, order.by, order.scheduled, found.done, found.waiting, found.said)
        self._told_of_end(order.database, ended)
        return now

    async def _carry(self, run: Run, order: Order, found: Round) -> None:
        planned: Any = await run.step("plan", lambda: self.plan(run, order))
        signed_by = str(planned["signed_by"])
        found.tasks = [Task(**each) for each in planned["tasks"]]
        await run.step("begin", lambda: self.begin(run, order, found, signed_by))
        before: Any = await run.step("before", lambda: self.look(order))
        found.before, stopped = before, ""
        found.results.clear()
        for number, task in enumerate(found.tasks, 1):
            refusal = _refusal(order, task, signed_by, stopped)
            result = await self._task(run, order, found, number, refusal)
            found.results.append(result)
            if task.guards and result.end is not End.DONE:
                stopped = f"not done, for {task.name} failed"
        after: Any = await run.step("after", lambda: self.look(order))
        found.after = after

    async def _task(
        self, run: Run, order: Order, found: Round, number: int, refusal: tuple[End, str] | None
    ) -> TaskResult:
        task = found.tasks[number - 1]
        name = f"{number} {task.name}"
        if refusal is not None:
            action = partial(self.refuse, run, order, number, task, refusal)
        else:
            began = await run.step(f"{number} begins", self.mark)
            action = partial(self.carry_out, run, order, found, number, began)
        result: Any = await run.step(name, action)
        return TaskResult.from_json(result)

    async def _live(self, run: Run, order: Order, tasks: list[Task], number: int) -> Task | None:
        """The task to be carried out; None where a life after that which planned it finds that
        nothing of it is left to be done."""
        await self._be_alone(run, order)
        name = tasks[number - 1].name
        before = sum(each.name == name for each in tasks[: number - 1])
        same = [each for each in await self._tasks(run, order) if each.name == name]
        return same[min(before, len(same) - 1)] if same else None

    async def _tasks(self, run: Run, order: Order) -> list[Task]:
        """In a later life planned once more, with the cut-offs of the first time."""
        if run.id not in self._planned:
            settings = order.check(self._settings.get(order.database))
            self._planned[run.id] = await planned(settings, order)
        return self._planned[run.id]

    async def _be_alone(self, run: Run, order: Order) -> None:
        """Raises DatabaseError where another Opsbook maintains it, and goes on with that."""
        settings = order.check(self._settings.get(order.database))
        if run.id in self._held:
            return
        held, deadline = AsyncExitStack(), time.monotonic() + _TAKE_OVER
        while True:
            try:
                await held.enter_async_context(settings.engine.alone(settings.patience))
                break
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_LOOK_AGAIN)
        self._held[run.id] = held

    async def _let_go(self, run: Run) -> None:
        if (held := self._held.pop(run.id, None)) is not None:
            await held.aclose()

    async def _write_down(
        self, run: Run, order: Order, number: int, task: Task, result: TaskResult
    ) -> None:
        written = self._ledger.record(
            "database.task",
            order.database,
            actor=order.by,
            run=run.id,
            number=number,
            task=result.task,
            action_class=result.action_class,
            statements=list(task.statements)[:_MOST_STATEMENTS],
            end=result.end.value,
            said=result.said,
            before=dict(result.before),
            after=dict(result.after),
            seconds=result.seconds,
        )
        await asyncio.wait({written}, timeout=_WRITTEN_WITHIN)

    async def _kinds(self, run: Run, order: Order) -> set[str]:
        return {each["kind"] for each in await self._of(run, order)}

    async def _of(self, run: Run, order: Order) -> list[dict[str, Any]]:
        return await asyncio.to_thread(recorded, self._state, order.database, run.id)


async def planned(settings: DatabaseSettings, order: Order) -> list[Task]:
    """The tasks that an order comes to now. Raises DatabaseError."""
    try:
        async with asyncio.timeout(settings.report_within):
            return await settings.engine.plan(order.wanted, settings.patience, order.now)
    except TimeoutError:
        said = f"no plan within {settings.report_within:g} s; see `report_within`"
        raise DatabaseError(f"{settings.engine.subject}: {said}") from None


def _refusal(order: Order, task: Task, signed_by: str, stopped: str) -> tuple[End, str] | None:
    """Why it is not even tried. What the database's kind refuses, it says itself."""
    if task.refused:
        return None
    if stopped:
        return End.REFUSED, stopped
    if task.action_class < _CONFIRMED or order.confirmed or signed_by:
        return None
    if order.scheduled:
        said = f"class {task.action_class}: wants `opsbook db sign {order.database}`"
        return End.WAITING, said
    return End.REFUSED, f"class {task.action_class}: say `--confirm {order.database}`"


def _result(body: Mapping[str, Any]) -> Json:
    names = ("task", "action_class", "end", "said", "before", "after", "seconds")
    return {name: body[name] for name in names}
