"""People who sign in with a password. All of it blocks; a look at a password does for 30 ms."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
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
from sqlalchemy.exc import IntegrityError

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.state.database import reading
from opsbook.state.password import NOBODYS, fits, kept_of
from opsbook.state.people import Person, Role
from opsbook.state.person_name import person_name
from opsbook.state.tables import metadata

users = Table(
    "users",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("password_id", String(40), nullable=False),
    Column("made_at", Float, nullable=False),
    Column("disabled", Boolean, nullable=False),
)
"""`password_id` is another with each password: a session remembers by which one it began."""


@dataclass(frozen=True, slots=True)
class User:
    """What may be told of somebody. Times in seconds since 1970."""

    person: Person
    made_at: float
    disabled: bool
    password_id: str


class Users:
    """Asks the database each time: what another process changes counts at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def add(self, name: str, role: Role, password: str) -> None:
        """Raises BadInputError for what is no name or no password, and for a name that is taken."""
        row = {"name": person_name(name), "role": role.value, **_kept(password)}
        try:
            with self._engine.begin() as connection:
                made = {"made_at": self._clock.now(), "disabled": False}
                connection.execute(insert(users), {**row, **made})
        except IntegrityError:
            raise BadInputError(
                f"{name} is a user already; `opsbook user password {name}` gives another password"
            ) from None

    def check(self, name: str, password: str) -> User | None:
        """Who signs in so, or None if nobody does; both take as long, whether or not there is
        somebody of that name."""
        row = self._row(name)
        fitting = fits(row.password_hash if row is not None else NOBODYS, password)
        return _user(row) if row is not None and fitting and not row.disabled else None

    def find(self, name: str) -> User | None:
        row = self._row(name)
        return None if row is None else _user(row)

    def set_password(self, name: str, password: str) -> None:
        """Their sessions end with it. Raises BadInputError."""
        self._change(name, **_kept(password))

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Whoever is disabled has no session any more, and begins none. Raises BadInputError."""
        self._change(name, disabled=disabled)

    def remove(self, name: str) -> User:
        """Their sessions end with it. Raises BadInputError for a name that nobody has."""
        gone = self.find(name)
        with self._engine.begin() as connection:
            connection.execute(delete(users).where(users.c.name == name))
        if gone is None:
            raise _unknown(name)
        return gone

    def list(self) -> list[User]:
        """By name."""
        with reading(self._engine) as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def _row(self, name: str) -> Row[Any] | None:
        with reading(self._engine) as connection:
            return connection.execute(select(users).where(users.c.name == name)).first()

    def _change(self, name: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(users).where(users.c.name == name).values(**values)
            ).rowcount
        if not changed:
            raise _unknown(name)


def _kept(password: str) -> dict[str, str]:
    """The columns for it. Raises BadInputError."""
    return {"password_hash": kept_of(password), "password_id": secrets.token_hex(16)}


def _unknown(name: str) -> BadInputError:
    return BadInputError(f"nobody is called {name}; see `opsbook user list`")


def _user(row: Row[Any]) -> User:
    person = Person(row.name, Role(row.role))
    return User(person, row.made_at, row.disabled, row.password_id)
