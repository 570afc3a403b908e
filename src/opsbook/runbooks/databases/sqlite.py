"""Statements in a SQLite database file."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from opsbook.runbooks.databases.database import (
    MOST_ROWS_COUNTED,
    MOST_ROWS_KEPT,
    Accept,
    Answer,
    Database,
    DatabaseFailedError,
    Statement,
)

T = TypeVar("T")

_STEPS = 1000
"""Instructions of SQLite's machine between two looks at whether to stop."""
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_PRAGMA,
}
_NEVER = {
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
}
"""What would reach other files, or end the transaction before anybody has accepted it."""


class Sqlite(Database):
    """The file is never created."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def carry_out(self, statement: Statement, accept: Accept) -> Answer:
        session = _Session(self._path, statement)
        try:
            answer = await session.aside(session.begin)
            await accept(answer)
            await session.aside(session.commit)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise DatabaseFailedError(f"{self._path}: {error}") from None
        finally:
            await session.aside(session.close)
        return answer


class _Session:
    """One connection, used in threads one after the other, which can be stopped."""

    def __init__(self, path: Path, statement: Statement) -> None:
        self._path = path
        self._statement = statement
        self._connection: sqlite3.Connection | None = None
        self._deadline = time.monotonic() + statement.within
        self._stopped = False

    async def aside(self, call: Callable[[], T]) -> T:
        """In a thread; cancelled, it stops the statement and waits for the thread's end."""
        thread = asyncio.ensure_future(asyncio.to_thread(call))
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._stopped = True
            await asyncio.wait({thread}, timeout=self._statement.locks_within)
            raise

    def begin(self) -> Answer:
        mode = "ro" if self._statement.reads else "rw"
        connection = self._connection = sqlite3.connect(
            f"file:{quote(os.fsencode(self._path.absolute()))}?mode={mode}",
            uri=True,
            timeout=self._statement.locks_within,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda found: found.decode(errors="replace")
        connection.set_progress_handler(self._over, _STEPS)
        connection.execute("BEGIN" if self._statement.reads else "BEGIN IMMEDIATE")
        connection.set_authorizer(self._allowed)
        cursor = connection.execute(self._statement.text, dict(self._statement.values))
        return _answer(cursor)

    def commit(self) -> None:
        if self._connection is not None:
            self._connection.set_authorizer(None)
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """What was not committed is undone."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()

    def _allowed(self, action: int, *_: str | None) -> int:
        """Read-only is the file, not the statement: VACUUM INTO and ATTACH write others."""
        fine = action in _READS if self._statement.reads else action not in _NEVER
        return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY

    def _over(self) -> bool:
        return self._stopped or time.monotonic() > self._deadline


def _answer(cursor: sqlite3.Cursor) -> Answer:
    if cursor.description is None:
        return Answer(max(cursor.rowcount, 0))
    rows: list[dict[str, Any]] = []
    count = 0
    for row in cursor:
        count += 1
        if count <= MOST_ROWS_KEPT:
            rows.append(dict(row))
        if count == MOST_ROWS_COUNTED:
            break
    return Answer(count, rows)
