"""Tokens by which people and programs are known. All of it blocks."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from opsbook.core.clock import Clock
from opsbook.state.database import reading
from opsbook.state.people import Person, Role
from opsbook.state.person_name import person_name
from opsbook.state.tables import metadata
from opsbook.state.token_text import PREFIX, hash_of, id_of, new_token

_NOTED_EVERY = 60.0
"""Seconds between two notes of a token's last use: not every request is to write."""

tokens = Table(
    "tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", String(100), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("made_at", Float, nullable=False),
    Column("expires_at", Float, nullable=True),
    Column("last_used_at", Float, nullable=True),
)
"""One row per token that was not revoked; what became of the others is in the ledger."""


@dataclass(frozen=True, slots=True)
class Token:
    """What may be told of a token. Times in seconds since 1970."""

    id: str
    bearer: Person
    made_at: float
    expires_at: float | None
    last_used_at: float | None

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class Tokens:
    """Asks the database each time: what another process changes counts at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def issue(self, name: str, role: Role, expires: float | None = None) -> str:
        """The token of a fresh row, which nobody can be told again. `expires` is when, in seconds
        since 1970. Raises BadInputError for what is no name."""
        row: dict[str, Any] = {"name": person_name(name), "role": role.value}
        text = new_token()
        row |= {"hash": hash_of(text), "made_at": self._clock.now(), "expires_at": expires}
        with self._engine.begin() as connection:
            connection.execute(insert(tokens), row)
        return text

    def check(self, text: str) -> Person | None:
        """Who bears it, or None if it is unknown, expired or revoked.

        It is looked up by its hash, so how long that takes tells nothing of a token that is near.
        """
        if not text.startswith(PREFIX):
            return None
        with reading(self._engine) as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == hash_of(text))).first()
        if row is None or (found := _token(row)).expired(self._clock.now()):
            return None
        self._note_use(found, row.hash)
        return found.bearer

    def revoke(self, which: str) -> list[Token]:
        """The tokens that had this id or were of this name, and are no more."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(tokens)).all()
            gone = [row for row in rows if which in (row.name, id_of(row.hash))]
            hashes = [row.hash for row in gone]
            connection.execute(delete(tokens).where(tokens.c.hash.in_(hashes)))
        return [_token(row) for row in gone]

    def list(self) -> list[Token]:
        """By name, the oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.name, tokens.c.made_at))
            return [_token(row) for row in rows]

    def _note_use(self, found: Token, hashed: str) -> None:
        now = self._clock.now()
        if found.last_used_at is not None and now - found.last_used_at < _NOTED_EVERY:
            return
        noted = update(tokens).where(tokens.c.hash == hashed).values(last_used_at=now)
        try:
            with self._engine.begin() as connection:
                connection.execute(noted)
        except OperationalError:
            # On a full disk the note is missing; whoever has a token may act all the same.
            return


def _token(row: Row[Any]) -> Token:
    bearer = Person(row.name, Role(row.role))
    return Token(id_of(row.hash), bearer, row.made_at, row.expires_at, row.last_used_at)
