"""One moment of a database, held while it is dumped, counted and described."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from opsbook.backups.postgresql.content import at_ease, counts, structure
from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.login import Connection, Login
from opsbook.backups.postgresql.properties import Properties
from opsbook.backups.source import Facts, SourceError, Work

_PAUSE_SECONDS = 0.1
_BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Snapshot:
    """Its name is given to pg_dump; meanwhile `describe` fills in what is in it."""

    def __init__(self, connection: Connection, name: str, moment: float, count_within: float):
        self.name = name
        self.moment = moment
        """Seconds since 1970."""
        self.server = connection.info.server_version // 10_000
        self.version = connection.info.parameter_status("server_version") or str(self.server)
        self._connection = connection
        self._count_within = count_within

    @property
    def locale(self) -> Locale:
        """Raises psycopg.Error."""
        return Locale.of(self._connection)

    @property
    def properties(self) -> Properties:
        """Raises psycopg.Error."""
        return Properties.of(self._connection)

    @contextmanager
    def described(self, facts: Facts, login: Login) -> Iterator[None]:
        """Count and describe while the block dumps; complete when it ends.

        Raises SourceError where that was refused.
        """
        failed: list[psycopg.Error] = []

        def describe() -> None:
            try:
                self._describe(facts)
            except psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=describe, daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            while thread.is_alive():
                # Between two queries there is nothing to cancel: then it is the next one.
                with contextlib.suppress(psycopg.Error):
                    self._connection.cancel_safe(timeout=5)
                thread.join(_PAUSE_SECONDS)
            raise
        thread.join()
        if failed:
            raise login.told(failed[0])

    def _describe(self, facts: Facts) -> None:
        facts.schema = structure(self._connection)
        until = time.monotonic() + self._count_within
        facts.counts, guessed = counts(self._connection, until)
        if guessed:
            facts.details["estimated_rows"] = guessed
            facts.remarks.append(
                f"rows were estimated and not counted within {self._count_within:g} s: "
                f"{', '.join(sorted(guessed))}"
            )


@contextmanager
def snapshot(login: Login, count_within: float, lock_wait: float, work: Work) -> Iterator[Snapshot]:
    """Hold one moment of the database until the block ends. Raises SourceError."""
    with login.connected(work) as connection:
        at_ease(connection)
        connection.execute(_BEGIN)
        connection.execute(f"SET LOCAL lock_timeout = {int(lock_wait * 1000)}".encode())
        moment = time.time()
        row = connection.execute(b"SELECT pg_catalog.pg_export_snapshot()").fetchone()
        if row is None:
            raise SourceError(f"{login.subject}: gave no snapshot")
        yield Snapshot(connection, row[0], moment, count_within)
