"""The book's `state:` — where Opsbook keeps what it must not forget."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from opsbook.book.fields import TextOrSecret, revealed
from opsbook.book.model import Section
from opsbook.book.problems import Problem
from opsbook.book.source import Source, dotted
from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret, hidden
from opsbook.state.database import sqlite_url

_EXAMPLE = "postgresql://user@host:5432/opsbook"
_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")


class StateSettings(Section):
    """The ledger, alerts, incidents and runs: in SQLite, or in one PostgreSQL database."""

    database: TextOrSecret | None = None
    """The URL of a PostgreSQL database, `postgresql://user@host:5432/opsbook`; with a password
    in it, a reference to where the whole URL is kept. SQLite in the data directory if not
    given."""

    @property
    def shared(self) -> bool:
        """Whether other hosts can reach it."""
        return self.database is not None

    def url(self, file: Path) -> URL:
        """Of its database, which is `file` where the book names none. Raises BadInputError."""
        if self.database is None:
            return sqlite_url(file)
        url = _parsed(revealed(self.database))
        if url.password is not None:
            hidden(url.password)
        return url.set(drivername="postgresql+psycopg")


def state_problems(settings: StateSettings, source: Source) -> list[Problem]:
    """A URL that leads nowhere, and a password that everybody with the book could read."""
    if settings.database is None:
        return []
    path = ("state", "database")
    try:
        url = settings.url(Path())
    except BadInputError as error:
        if isinstance(settings.database, Secret) and _is_missing(settings.database):
            return []  # said already, with all other secrets that are missing
        return [Problem(source.mark(path), dotted(path), *str(error).split("; ", 1))]
    if url.password is not None and isinstance(settings.database, str):
        what = "a password stands in the book"
        remedy = "keep the whole URL elsewhere and write env:NAME or file:/path"
        return [Problem(source.mark(path), dotted(path), what, remedy)]
    return []


def _parsed(text: str) -> URL:
    """The text is in no message: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BadInputError(f"not the URL of a database; write {_EXAMPLE}") from None
    if url.drivername not in _SCHEMES or not url.database:
        raise BadInputError(f"not the URL of a PostgreSQL database; write {_EXAMPLE}")
    return url


def _is_missing(secret: Secret) -> bool:
    try:
        secret.reveal()
    except BadInputError:
        return True
    return False
