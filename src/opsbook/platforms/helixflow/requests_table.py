"""The table `inference_requests` in SQLite, written by one thread."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from opsbook.platforms.helixflow.log import Log

_SCHEMA = """
CREATE TABLE IF NOT EXISTS inference_requests (
    id INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL,
    response_time REAL NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('ok', 'error')),
    model TEXT NOT NULL,
    tokens INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS inference_requests_created_at ON inference_requests (created_at);
"""
_INSERT = """
INSERT INTO inference_requests (created_at, response_time, status, model, tokens)
VALUES (?, ?, ?, ?, ?)
"""
_BUSY_SECONDS = 1.0


class RequestsTable:
    """One row for each completion: `created_at` in UTC as SQLite writes it, time in ms."""

    def __init__(self, file: Path, log: Log) -> None:
        self._log = log
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="requests-table")
        self._thread.submit(self._write, None)

    async def add(self, milliseconds: float, status: str, model: str, tokens: int) -> None:
        """Write one row. A database that cannot be written is logged, and serving goes on."""
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        row = (at, round(milliseconds, 3), status, model, tokens)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._write, row)

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, row: tuple[str, float, str, str, int] | None) -> None:
        """Open the database if it is not open, and write the row if there is one."""
        try:
            if self._connection is None:
                self._connection = open_database(self._file)
            if row is not None:
                with self._connection as transaction:
                    transaction.execute(_INSERT, row)
        except sqlite3.Error as error:
            self._log.error("request not recorded", file=self._file, reason=error)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def open_database(file: Path) -> sqlite3.Connection:
    """The database, made if it is not there. Raises sqlite3.Error."""
    connection = sqlite3.connect(file, timeout=_BUSY_SECONDS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_SCHEMA)
    return connection
