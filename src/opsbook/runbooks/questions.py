"""What runs ask of people: who may answer, until when, and once."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from opsbook.core.clock import Clock, iso
from opsbook.core.errors import BadInputError
from opsbook.durable.port import DurableError
from opsbook.durable.values import Json
from opsbook.runbooks.chronicle import Chronicle, LedgerUnwritableError
from opsbook.runbooks.store import questions
from opsbook.state.database import reading
from opsbook.state.people import Person, Role, people_in

logger = logging.getLogger(__name__)

_AWAY = (DurableError, LedgerUnwritableError, InterfaceError, OperationalError)
_TELL_AGAIN_AFTER = 1.0
Tell = Callable[[str, str, Json, str], Awaitable[None]]
"""Says something to a run: its id, the signal, the value, and a key that makes it heard once."""


@dataclass(frozen=True, slots=True)
class Question:
    """Asked by a run. `id` is the same when a step is carried out again."""

    id: str
    run: str
    signal: str
    step: str
    kind: Literal["approval", "decision"]
    question: str
    choices: tuple[str, ...]
    role: Role
    requester: str
    asked_at: float
    until: float


class Questions:
    """Ledger first, then the run: what it heard can be read there."""

    def __init__(self, engine: Engine, chronicle: Chronicle, clock: Clock, tell: Tell) -> None:
        self._engine = engine
        self._chronicle = chronicle
        self._clock = clock
        self._tell = tell
        self._telling: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> None:
        """Asked again it stays as it was."""
        await asyncio.to_thread(self._insert, question)
        await self._chronicle.waiting(
            question.run,
            question.id,
            step=question.step,
            what=question.question,
            choices=list(question.choices),
            needs=question.role.value,
            until=iso(question.until),
        )

    async def answer(
        self, run: str, by: Person, kind: Literal["approval", "decision"], answer: str, why: str
    ) -> None:
        """Raises BadInputError for who may not answer, too late, again, or without a question;
        the ledger says so."""
        row = await asyncio.to_thread(self._newest, run, kind)
        trouble = self._trouble(run, row, by, kind, answer, why)
        if trouble is None and not await asyncio.to_thread(self._claim, row.id, by, answer, why):
            row = await asyncio.to_thread(self._newest, run, kind)
            trouble = f"{row.answered_by} answered already: {row.answer}"
        if trouble is not None:
            await self._chronicle.answer_rejected(
                run, by.name, answer=answer, trouble=trouble, why=why
            )
            raise BadInputError(f"run {run}: {trouble}")
        try:
            await self._carry_over(await asyncio.to_thread(self._one, row.id))
        except _AWAY:
            # It counts, and the run hears it as soon as it can be told.
            if self._telling is None or self._telling.done():
                self._telling = asyncio.create_task(self._until_told())

    async def carry_over(self) -> None:
        """Tell runs what was answered and not yet heard, such as when the process died."""
        for row in await asyncio.to_thread(self._untold):
            await self._carry_over(row)

    async def _until_told(self) -> None:
        while True:
            await asyncio.sleep(_TELL_AGAIN_AFTER)
            try:
                await self.carry_over()
            except _AWAY as error:
                logger.warning("runs do not hear what was answered yet: %s", error)
            else:
                return

    async def open(self, run: str) -> Question | None:
        """What it waits for."""
        return await asyncio.to_thread(self._open, run)

    async def close(self, question: str) -> dict[str, Json] | None:
        """Its time is over. What was answered in the last moment, if anything: who was told that
        an answer counts must be right."""
        await asyncio.to_thread(self._close, questions.c.id == question)
        row = await asyncio.to_thread(self._one, question)
        return None if row.answer is None else _said(row)

    async def close_all(self, run: str) -> None:
        await asyncio.to_thread(self._close, questions.c.run == run)

    async def _carry_over(self, row: Any) -> None:
        await self._chronicle.answered(
            row.run, row.answered_by, row.id, row.answer, step=row.step, why=row.why
        )
        with contextlib.suppress(BadInputError):  # it has ended: nobody is left to hear it
            await self._tell(row.run, row.signal, _said(row), row.id)
        await asyncio.to_thread(self._mark_told, row.id)

    def _trouble(
        self, run: str, row: Any, by: Person, kind: str, answer: str, why: str
    ) -> str | None:
        if row is None:
            return f"it asks for no {kind}"
        if row.answer is not None:
            return f"{row.answered_by} answered already: {row.answer}"
        if row.closed or self._clock.now() > row.until:
            return f"too late: an answer was possible until {iso(row.until)}"
        if not by.role.allows(Role(row.role)):
            return f"{by.name} is {by.role.value}: this takes the role {row.role}"
        if kind == "approval" and by.name in people_in(row.requester):
            return f"{by.name} asked for the run: a second person must approve it"
        if answer not in json.loads(row.choices):
            return f"not a choice: {answer!r}; one of {', '.join(json.loads(row.choices))}"
        if kind == "approval" and not why.strip():
            return "the reason is missing: say why"
        return None

    def _insert(self, question: Question) -> None:
        row = {
            "id": question.id,
            "run": question.run,
            "signal": question.signal,
            "step": question.step,
            "kind": question.kind,
            "question": question.question,
            "choices": json.dumps(question.choices),
            "role": question.role.value,
            "requester": question.requester,
            "asked_at": question.asked_at,
            "until": question.until,
            "why": "",
            "told": False,
            "closed": False,
        }
        with self._engine.begin() as connection:
            known = select(questions.c.id).where(questions.c.id == question.id)
            if connection.execute(known).first() is None:
                connection.execute(insert(questions), row)

    def _newest(self, run: str, kind: str) -> Any:
        query = (
            select(questions)
            .where(questions.c.run == run, questions.c.kind == kind)
            .order_by(questions.c.asked_at.desc())
        )
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).first()

    def _one(self, question: str) -> Any:
        with reading(self._engine) as connection:
            return connection.execute(select(questions).where(questions.c.id == question)).one()

    def _claim(self, question: str, by: Person, answer: str, why: str) -> bool:
        """Whether we were the first to answer."""
        answered = {
            "answer": answer,
            "answered_by": by.name,
            "answered_at": self._clock.now(),
            "why": why,
        }
        free = (
            questions.c.id == question,
            questions.c.answer.is_(None),
            questions.c.closed.is_(False),
        )
        with self._engine.begin() as connection:
            return connection.execute(update(questions).where(*free).values(answered)).rowcount == 1

    def _untold(self) -> list[Any]:
        query = select(questions).where(
            questions.c.answer.is_not(None), questions.c.told.is_(False)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query))

    def _mark_told(self, question: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(questions).where(questions.c.id == question).values(told=True)
            )

    def _open(self, run: str) -> Question | None:
        query = (
            select(questions)
            .where(
                questions.c.run == run,
                questions.c.closed.is_(False),
                questions.c.answer.is_(None),
            )
            .order_by(questions.c.asked_at.desc())
        )
        with reading(self._engine) as connection:
            row = connection.execute(query.limit(1)).first()
        if row is None:
            return None
        return Question(
            row.id,
            row.run,
            row.signal,
            row.step,
            row.kind,
            row.question,
            tuple(json.loads(row.choices)),
            Role(row.role),
            row.requester,
            row.asked_at,
            row.until,
        )

    def _close(self, which: Any) -> None:
        """A question whose time is over, or whose run has ended; an answer stays."""
        with self._engine.begin() as connection:
            connection.execute(update(questions).where(which).values(closed=True))


def _said(row: Any) -> dict[str, Json]:
    return {
        "by": row.answered_by,
        "answer": row.answer,
        "why": row.why,
        "at": iso(row.answered_at),
    }
