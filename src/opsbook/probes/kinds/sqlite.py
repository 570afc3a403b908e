"""`sqlite`: a SQLite database file can be read, is whole, and holds what it should."""

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import quote

from opsbook.book.fields import BookPath
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError
from opsbook.probes.value import as_value

_BUSY_SECONDS = 1.0
"""How long to wait for another process that holds the database locked."""
_STEPS = 1000
"""Instructions of SQLite's machine between two looks at whether to stop."""
_GRACE = 1.5
"""Seconds that a stopped look waits for its thread: the busy wait cannot be interrupted."""
_MOST_PROBLEMS = 5

_PRIMARY_CODE = 0xFF
"""The bits of an extended error code that are the code proper."""

_CHECKS = {"quick": "quick_check", "full": "integrity_check"}
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_PRAGMA,
}


class Sqlite(Probe):
    """Opens a SQLite file read-only, and may check it and run a query."""

    path: BookPath
    """The database file; it is never created."""
    integrity: Literal["none", "quick", "full"] = "none"
    """`quick` reads the whole file, `full` also holds every index against its table."""
    query: str | None = None
    """One statement that only reads, with `?` for each parameter."""
    parameters: list[str | int | float | bool] = []
    """The values of the query's question marks."""

    measures: ClassVar[Mapping[str, str]] = {
        "size_bytes": "size of the file",
        "wal_bytes": "size of the write-ahead log, 0 where there is none",
        "free_percent": "share of the file's pages that are free",
        "integrity": "ok, or the first problem that `integrity` found",
        "query_seconds": "time until `query` had its first row",
        "value": "first column of the first row of `query`; absent when NULL or without a row",
    }

    @property
    def subject(self) -> str:
        return str(self.path)

    async def look(self) -> Measurements:
        measured: Measurements = {}
        reading = _Reading(self.path)
        thread = asyncio.ensure_future(asyncio.to_thread(self._read, reading, measured))
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError:
            reading.stop()
            await asyncio.wait({thread}, timeout=_GRACE)
            raise
        except (sqlite3.Error, sqlite3.Warning) as error:
            kind = ProbeUnknownError if _is_ours(error) else ProbeFailedError
            raise kind(f"{self.subject}: {error}", measured) from None
        return measured

    def _sizes(self) -> Measurements:
        """What the file system knows.

        The file is not opened here: closing it would drop the locks that this very process
        may hold on it through SQLite (https://www.sqlite.org/howtocorrupt.html, 2.2).
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            raise ProbeFailedError(f"{self.subject} does not exist") from None
        except OSError as error:
            raise ProbeUnknownError(f"{self.subject}: {explain(error)}") from None
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            raise ProbeFailedError(f"{self.subject} is empty or no file")
        if not os.access(self.path, os.R_OK):
            raise ProbeUnknownError(f"{self.subject}: no permission to read it")
        try:
            log = Path(f"{self.path}-wal").stat().st_size
        except FileNotFoundError:
            log = 0
        return {"size_bytes": status.st_size, "wal_bytes": log}

    def _read(self, reading: "_Reading", measured: Measurements) -> None:
        """Runs in a thread, for even a file system may hang; what it finds goes into `measured`."""
        measured.update(self._sizes())
        with reading.connection() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            if pages:
                measured["free_percent"] = 100.0 * free / pages
            if self.integrity != "none":
                self._check(connection, measured)
            if self.query is not None:
                self._ask(connection, self.query, measured)

    def _check(self, connection: sqlite3.Connection, measured: Measurements) -> None:
        pragma = f"PRAGMA {_CHECKS[self.integrity]}({_MOST_PROBLEMS})"
        problems = "; ".join(str(row[0]) for row in connection.execute(pragma))
        measured["integrity"] = problems
        if problems != "ok":
            raise ProbeFailedError(f"{self.subject} is damaged: {problems}", measured)

    def _ask(self, connection: sqlite3.Connection, query: str, measured: Measurements) -> None:
        started = time.perf_counter()
        row = connection.execute(query, self.parameters).fetchone()
        measured["query_seconds"] = time.perf_counter() - started
        value = as_value(row[0]) if row else None
        if value is not None:
            measured["value"] = value


class _Reading:
    """One read-only connection that another thread can stop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stopped = False
        self._connection: sqlite3.Connection | None = None

    def stop(self) -> None:
        """End the statement that runs, and every later one."""
        self._stopped = True
        if self._connection is not None:
            with suppress(sqlite3.ProgrammingError):  # closed meanwhile
                self._connection.interrupt()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(self._path.absolute()))}?mode=ro",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        with closing(connection):
            self._connection = connection
            connection.text_factory = lambda text: text.decode(errors="replace")
            connection.set_progress_handler(lambda: self._stopped, _STEPS)
            connection.set_authorizer(_only_reading)
            yield connection


def _only_reading(action: int, *_: str | None) -> int:
    """Read-only is the file, not the statement: VACUUM INTO and ATTACH can write others."""
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


def _is_ours(error: Exception) -> bool:
    """Whether the book's query, a permission or reading only is at fault, not the database.

    Who only reads can neither roll back what a crashed writer left, nor make the shared
    memory of a write-ahead log where the directory is not his.
    """
    ours = (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
    wrong_query = isinstance(error, sqlite3.ProgrammingError | sqlite3.Warning)
    return wrong_query or getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in ours
