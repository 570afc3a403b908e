"""Old rows of a SQLite table deleted, or moved to an archive, in batches: a transaction each."""

import sqlite3
import time
from datetime import UTC, datetime

from opsbook.databases.maintain import Retention
from opsbook.databases.model import Change, DatabaseError, LockedError, Task
from opsbook.databases.sqlite_file.session import Session, quoted
from opsbook.databases.sqlite_file.times import moment, parameter, readable

_BREATH = 0.01
"""Seconds between two batches: SQLite gives the lock to nobody who waits for it in turn."""


class OldRows:
    """The rows of one step; the cut-off is fixed when it is planned."""

    def __init__(self, step: Retention, now: float) -> None:
        self._step = step
        self._until = now - step.older_than
        self._table = quoted(step.table)
        self._time = readable(step.column, step.stored_as)
        self._old = f"{self._time} < {parameter(step.stored_as)}"
        self._cut = moment(self._until, step.stored_as)

    def plan(self, session: Session) -> Task:
        """Counted first. Raises DatabaseError for what would lose something."""
        columns = self._columns(session)
        until = datetime.fromtimestamp(self._until, UTC).isoformat(timespec="seconds")
        archive = self._step.archive
        what = f"move {self._step.table} to {archive}" if archive else f"delete {self._step.table}"
        unread = self._count(
            session, f"{quoted(self._step.column)} NOT NULL AND {self._time} IS NULL"
        )
        preview = f"{self._old_ones(session)} rows"
        if unread:
            preview += f"; {unread} stay, whose {self._step.column} is no {self._step.stored_as}"
        return Task(
            f"{what}, older than {until}",
            2,
            self._statements(columns),
            preview=preview,
            needs=f"the lock of the file for {self._step.batch} rows at a time",
        )

    def carry_out(self, session: Session) -> Change:
        """Raises DatabaseError, which says what is done already."""
        before, done = self._old_ones(session), 0
        statements = self._statements(self._columns(session))
        try:
            while changed := self._batch(session, statements):
                done += changed
                time.sleep(_BREATH)
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            kind = LockedError if busy else DatabaseError
            said = f"{done} rows are done and stay so; the next maintenance goes on"
            raise kind(f"{session.path}: {error}; {said}") from None
        after = {"rows": self._old_ones(session), "rows_done": done}
        return Change({"rows": before}, after, f"{done} rows")

    def _batch(self, session: Session, statements: list[str]) -> int:
        """Both statements choose the same rows, for nobody else writes between them."""
        with session.transaction():
            chosen = (self._cut, self._step.batch)
            changes = [session.run(each, chosen) for each in statements]
            if len(set(changes)) > 1:
                raise DatabaseError(f"{session.path}: {changes[0]} rows copied of {changes[-1]}")
        return changes[-1]

    def _statements(self, columns: list[str]) -> list[str]:
        oldest = f"SELECT rowid FROM {self._table} WHERE {self._old}"  # noqa: S608 - quoted
        chosen = f"rowid IN ({oldest} ORDER BY rowid LIMIT ?)"
        delete = f"DELETE FROM {self._table} WHERE {chosen}"  # noqa: S608 - quoted
        if self._step.archive is None:
            return [delete]
        listed = ", ".join(map(quoted, columns))
        copy = (
            f"INSERT INTO {quoted(self._step.archive)} ({listed}) "  # noqa: S608 - quoted
            f"SELECT {listed} FROM {self._table} WHERE {chosen}"
        )
        return [copy, delete]

    def _columns(self, session: Session) -> list[str]:
        own = _columns(session, self._step.table)
        if self._step.column not in own:
            raise DatabaseError(f"{session.path}: {self._step.table} has no {self._step.column}")
        if self._step.archive is None:
            return own
        if self._step.archive.casefold() == self._step.table.casefold():
            raise DatabaseError(f"{session.path}: {self._step.table} cannot be its own archive")
        there = _columns(session, self._step.archive)
        if missing := [name for name in own if name not in there]:
            lost = ", ".join(missing)
            raise DatabaseError(
                f"{session.path}: the archive {self._step.archive} has no column {lost}, "
                "whose values would be lost: add it"
            )
        return own

    def _old_ones(self, session: Session) -> int:
        return self._count(session, self._old, self._cut)

    def _count(self, session: Session, condition: str, *values: str) -> int:
        query = f"SELECT count(*) FROM {self._table} WHERE {condition}"  # noqa: S608 - quoted
        return int(session.row(query, values)[0])


def _columns(session: Session, table: str) -> list[str]:
    """Raises DatabaseError where there is no such table."""
    found = [name for (name,) in session.rows("SELECT name FROM pragma_table_info(?)", (table,))]
    if not found:
        raise DatabaseError(f"{session.path}: there is no table {table!r}")
    return found
