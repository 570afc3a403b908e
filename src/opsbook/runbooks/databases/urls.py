"""Which database a URL means."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import hidden
from opsbook.runbooks.databases.database import Database
from opsbook.runbooks.databases.postgres import Postgres
from opsbook.runbooks.databases.sqlite import Sqlite

_WANTED = "write postgresql://user@host:port/database or sqlite:///path"


def database_at(url: str, directory: str) -> Database:
    """Relative paths start at the directory. Raises BadInputError, without the URL."""
    parsed = _parsed(url)
    if parsed.password:
        hidden(str(parsed.password))
    if parsed.get_backend_name() == "postgresql":
        return Postgres(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Sqlite(Path(directory, parsed.database))
    raise BadInputError(f"{parsed.drivername} is no database that steps know: {_WANTED}")


def plain_url(url: str) -> str:
    """A URL that may stand in a book. Raises ValueError if it holds a password."""
    try:
        parsed = _parsed(url)
    except BadInputError as error:
        raise ValueError(str(error)) from None
    if parsed.password:
        raise ValueError("a password in the book: write env:NAME or file:/path for the whole URL")
    return url


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise BadInputError(f"the URL of the database cannot be read: {_WANTED}") from None
