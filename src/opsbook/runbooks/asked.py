"""What all runs together ask of people now."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, select

from opsbook.runbooks.store import questions
from opsbook.state.database import reading

_MOST = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to which nobody has answered yet. Times in seconds since 1970."""

    run: str
    kind: Literal["approval", "decision"]
    step: str
    question: str
    role: str
    """The least role that may answer."""
    requester: str
    asked_at: float
    until: float


def open_questions(engine: Engine, now: float) -> list[Asked]:
    """The oldest first. Blocks."""
    table = questions.c
    names = ("run", "kind", "step", "question", "role", "requester", "asked_at", "until")
    query = (
        select(*(table[name] for name in names))
        .where(table.answer.is_(None), table.closed.is_(False), table.until > now)
        .order_by(table.asked_at)
        .limit(_MOST)
    )
    with reading(engine) as connection:
        return [Asked(*row) for row in connection.execute(query)]
