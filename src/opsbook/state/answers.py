"""Answers to changes that were asked for with a key: sent again, they are given again."""

import uuid
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from opsbook.core.clock import Clock
from opsbook.state.database import reading
from opsbook.state.tables import metadata

_KEPT = 86_400.0
_MOST = 10_000
"""Rows; beyond them the oldest go, which must not be sent again any more."""

answers = Table(
    "answers",
    metadata,
    Column("person", String(200), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("life", String(32), nullable=False),
    Column("begun_at", Float, nullable=False, index=True),
    Column("status", Integer, nullable=True),
    Column("media_type", String(100), nullable=True),
    Column("body", LargeBinary, nullable=True),
)
"""One row per person and key; without a status while it is carried out by the process of that
life, or for ever if that died meanwhile."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    media_type: str
    body: bytes


class Standing(Enum):
    """Why there is no answer."""

    NEW = "new"
    """Nobody has sent it before: it is carried out now, by whoever asked."""
    UNDER_WAY = "under way"
    ANOTHER = "another"
    """The key belongs to something else."""
    UNKNOWN = "unknown"
    """It was begun, and nobody knows what came of it."""


class Answers:
    """Kept for a day. All of it blocks."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._life = uuid.uuid4().hex

    def begin(self, person: str, key: str, digest: str) -> Answer | Standing:
        """Take the key for a request of this digest, or say what became of it before."""
        row = {"person": person, "key": key, "digest": digest, "life": self._life}
        try:
            with self._engine.begin() as connection:
                now = self._clock.now()
                self._make_room(connection, now)
                connection.execute(insert(answers), row | {"begun_at": now})
            return Standing.NEW
        except IntegrityError:
            return self._known(person, key, digest)

    def keep(self, person: str, key: str, answer: Answer) -> None:
        """What came of it."""
        found = {"status": answer.status, "media_type": answer.media_type, "body": answer.body}
        with self._engine.begin() as connection:
            connection.execute(update(answers).where(_is(person, key)).values(found))

    def forget(self, person: str, key: str) -> None:
        """Nothing came of it: it may be sent again."""
        with self._engine.begin() as connection:
            connection.execute(delete(answers).where(_is(person, key)))

    def lose(self, person: str, key: str) -> None:
        """It ended, and what came of it is not known."""
        with self._engine.begin() as connection:
            connection.execute(update(answers).where(_is(person, key)).values(life=""))

    def _known(self, person: str, key: str, digest: str) -> Answer | Standing:
        with reading(self._engine) as connection:
            row = connection.execute(select(answers).where(_is(person, key))).first()
        if row is None:
            return Standing.UNDER_WAY  # it was forgotten a moment ago: sent again, it is new
        if row.digest != digest:
            return Standing.ANOTHER
        if row.status is None:
            return Standing.UNDER_WAY if row.life == self._life else Standing.UNKNOWN
        return Answer(row.status, row.media_type, row.body)

    def _make_room(self, connection: Connection, now: float) -> None:
        begun = answers.c.begun_at
        newest = select(begun).order_by(begun.desc()).offset(_MOST - 1).limit(1)
        last = connection.execute(newest).scalar()
        before = now - _KEPT if last is None else max(now - _KEPT, last)
        connection.execute(delete(answers).where(begun <= before))


def _is(person: str, key: str) -> ColumnElement[bool]:
    return and_(answers.c.person == person, answers.c.key == key)
