"""The database of a platform, for commands that read or write it themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from opsbook.core.errors import BadInputError
from opsbook.state.database import connect, sqlite_url
from opsbook.state.datadir import DataDir


def book_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--book FILE`, for a database that is not in the data directory."""
    return click.option(
        "--book", type=click.Path(path_type=Path), help="Take the database that this book names."
    )(command)


def database_of(data: DataDir, book: Path | None) -> Engine:
    """Raises BadInputError where there is none, or none that this user may write."""
    try:
        shared = _of_book(data, book) if book is not None else None
        if shared is None and data.database.exists():
            return connect(sqlite_url(data.database))
    except PermissionError:
        raise BadInputError(
            f"{data.path} belongs to another user; ask the one who runs `opsbook up` on it"
        ) from None
    if shared is None:
        raise BadInputError(
            f"nothing was watched on {data.path} yet; name its directory with --data, or with "
            "--book the book that names the database"
        )
    return shared


def _of_book(data: DataDir, book: Path) -> Engine | None:
    # All that a book may say costs a tenth of a second; a data directory is opened at once.
    from opsbook.app.book import read_book

    state = read_book(book).state
    return connect(state.url(data.database), migrate=False) if state.shared else None
