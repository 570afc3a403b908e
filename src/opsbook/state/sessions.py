"""Sessions of people who signed in with a browser. All of it blocks."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Row,
    Select,
    String,
    Table,
    and_,
    delete,
    false,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from opsbook.core.clock import Clock
from opsbook.state.database import reading
from opsbook.state.people import Person, Role
from opsbook.state.tables import metadata
from opsbook.state.token_text import hash_of, id_of
from opsbook.state.users import users

LONGEST = 7 * 86_400.0
"""Seconds after which everybody has to sign in again."""
IDLE = 12 * 3600.0
"""Seconds without a request, after which a session has ended."""
_NOTED_EVERY = 60.0
"""Seconds between two notes that somebody is there: not every request is to write."""
_MOST = 50
"""Sessions of one name; the oldest ends where one more begins."""

Way = Literal["password", "code", "oidc"]
"""How somebody showed who they are."""

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", String(100), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("way", String(20), nullable=False),
    Column("password_id", String(40), nullable=True),
    Column("made_at", Float, nullable=False),
    Column("last_seen_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("address", String(60), nullable=False),
    Column("agent", String(200), nullable=False),
)
"""One row per session that may still be good; what became of the others is in the ledger."""


@dataclass(frozen=True, slots=True)
class Session:
    """What may be told of one. Times in seconds since 1970."""

    id: str
    person: Person
    way: Way
    made_at: float
    last_seen_at: float
    expires_at: float
    address: str
    """From where it began."""
    agent: str
    """What the browser called itself."""


class Sessions:
    """Asks the database each time: one that was ended elsewhere is dead at once, as is that of
    a user who was removed, disabled or given another password."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def begin(
        self, person: Person, way: Way, address: str, agent: str, password_id: str | None = None
    ) -> str:
        """The text of a fresh one, which is kept nowhere. `password_id` is that of the user who
        signed in by a password."""
        text, now = secrets.token_urlsafe(32), self._clock.now()
        row = {"hash": hash_of(text), "name": person.name, "role": person.role.value, "way": way}
        times = {"made_at": now, "last_seen_at": now, "expires_at": now + LONGEST}
        where = {"address": address[:60], "agent": agent[:200]}
        with self._engine.begin() as connection:
            self._make_room(connection, person.name)
            connection.execute(
                insert(sessions), {**row, **times, **where, "password_id": password_id}
            )
        return text

    def check(self, text: str) -> Session | None:
        """None if it is unknown, or has ended. It is looked up by its hash, so how long that
        takes tells nothing of one that is near."""
        with reading(self._engine) as connection:
            row = connection.execute(_good(self._clock.now(), hash_of(text))).first()
        if row is None:
            return None
        self._note_use(row)
        return _session(row)

    def end(self, which: str, name: str | None = None) -> list[Session]:
        """Those that had this id or were of this name, and are no more; with `name`, only that
        person's."""
        with self._engine.begin() as connection:
            rows = connection.execute(_good(self._clock.now(), name=name)).all()
            gone = [row for row in rows if which in (row.name, id_of(row.hash))]
            hashes = [row.hash for row in gone]
            connection.execute(delete(sessions).where(sessions.c.hash.in_(hashes)))
        return [_session(row) for row in gone]

    def list(self, name: str | None = None) -> list[Session]:
        """Those that are good, by name, the oldest first; with `name`, only that person's."""
        ordered = _good(self._clock.now(), name=name).order_by(sessions.c.name, sessions.c.made_at)
        with reading(self._engine) as connection:
            return [_session(row) for row in connection.execute(ordered)]

    def _make_room(self, connection: Connection, name: str) -> None:
        """Nothing grows without bound: what has ended goes, and the oldest of too many."""
        now = self._clock.now()
        ended = (sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= now - IDLE)
        connection.execute(delete(sessions).where(ended))
        newest = select(sessions.c.hash).where(sessions.c.name == name)
        surplus = newest.order_by(sessions.c.made_at.desc()).offset(_MOST - 1).limit(1000)
        hashes = connection.execute(surplus).scalars().all()
        connection.execute(delete(sessions).where(sessions.c.hash.in_(hashes)))

    def _note_use(self, row: Row[Any]) -> None:
        now = self._clock.now()
        if now - row.last_seen_at < _NOTED_EVERY:
            return
        noted = update(sessions).where(sessions.c.hash == row.hash).values(last_seen_at=now)
        try:
            with self._engine.begin() as connection:
                connection.execute(noted)
        except OperationalError:
            # On a full disk the note is missing; whoever signed in may act all the same.
            return


def csrf_of(text: str) -> str:
    """What a page sends with a change, to show that it is ours: it comes from the text of the
    session, which pages of others do not see, and does not lead back to it."""
    return hmac.digest(text.encode(), b"csrf", "sha256").hex()


def _good(now: float, hashed: str | None = None, name: str | None = None) -> Select[Any]:
    """Sessions that have not ended. Where a password began one, its user must still be there,
    with that password, and has the role which they have now."""
    by_password = sessions.c.way == "password"
    same = and_(
        users.c.name == sessions.c.name,
        users.c.password_id == sessions.c.password_id,
        users.c.disabled == false(),
        by_password,
    )
    found = select(sessions, users.c.role.label("role_now")).outerjoin(users, same)
    found = found.where(
        sessions.c.expires_at > now,
        sessions.c.last_seen_at > now - IDLE,
        ~by_password | users.c.name.is_not(None),
    )
    if hashed is not None:
        found = found.where(sessions.c.hash == hashed)
    return found if name is None else found.where(sessions.c.name == name)


def _session(row: Row[Any]) -> Session:
    return Session(
        id_of(row.hash),
        Person(row.name, Role(row.role_now or row.role)),
        row.way,
        row.made_at,
        row.last_seen_at,
        row.expires_at,
        row.address,
        row.agent,
    )
