"""One connection to a SQLite file, used in a thread that can be stopped."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from opsbook.databases.engine import Patience
from opsbook.databases.model import DatabaseError, LockedError

T = TypeVar("T")

_STEPS = 1000
"""Instructions of SQLite's machine between two looks at whether to stop."""
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PRIMARY_CODE = 0xFF
"""The bits of an extended error code that are the code proper."""


class Session:
    """Statements on one file; a transaction begins only where it is said."""

    def __init__(self, path: Path, patience: Patience, *, reads: bool) -> None:
        self.path = path
        self._patience = patience
        self._reads = reads
        self._stopped = False
        self._deadline = 0.0
        self._connection: sqlite3.Connection | None = None

    async def aside(self, work: Callable[["Session"], T]) -> T:
        """The work in a thread, with an open connection. Cancelled, it stops the statement and
        waits for the thread's end. Raises DatabaseError."""
        thread = asyncio.ensure_future(asyncio.to_thread(self._work, work))
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._stopped = True
            # How it ended does not matter any more, and asyncio minds what nobody asks for.
            thread.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            await asyncio.wait({thread}, timeout=self._patience.lock_wait + 1)
            raise

    def rows(self, query: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Raises sqlite3.Error."""
        self._deadline = time.monotonic() + self._patience.statement_time
        return self._open.execute(query, parameters).fetchall()

    def row(self, query: str, parameters: Any = ()) -> tuple[Any, ...]:
        return self.rows(query, parameters)[0]

    def run(self, statement: str, parameters: Any = ()) -> int:
        """How many rows it changed."""
        self._deadline = time.monotonic() + self._patience.statement_time
        return max(self._open.execute(statement, parameters).rowcount, 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done in it or nothing; others cannot write meanwhile."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._open.in_transaction:
                self._open.execute("ROLLBACK")
            raise

    @property
    def _open(self) -> sqlite3.Connection:
        assert self._connection is not None
        return self._connection

    def _work(self, work: Callable[["Session"], T]) -> T:
        # Not with `exists`: a file that may not be looked at is another trouble.
        try:
            self.path.stat()
        except OSError as error:
            raise DatabaseError(f"{self.path}: {error.strerror}") from None
        try:
            with closing(self._connect()) as self._connection:
                return work(self)
        except sqlite3.Error as error:
            raise _explained(self.path, error, self._patience) from None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(self.path.absolute()))}?mode={'ro' if self._reads else 'rw'}",
            uri=True,
            timeout=self._patience.lock_wait,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.set_progress_handler(self._over, _STEPS)
        # Off by default, and then a delete leaves rows behind that refer to nothing.
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _over(self) -> bool:
        return self._stopped or time.monotonic() > self._deadline > 0


def quoted(*names: str) -> str:
    """A name as SQL has it (SQLite documentation, "SQLite Keywords")."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _explained(path: Path, error: sqlite3.Error, patience: Patience) -> DatabaseError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code in _LOCKED:
        waited = f"{patience.lock_wait:g} s"
        return LockedError(f"{path}: another process held it locked for longer than {waited}")
    if code == sqlite3.SQLITE_INTERRUPT:
        return DatabaseError(f"{path}: stopped after {patience.statement_time:g} s")
    return DatabaseError(f"{path}: {error}")
