"""Databases of a server as the places of a set."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from opsbook.backups.places import Move, Places
from opsbook.backups.postgresql.fitting import refuse_newer
from opsbook.backups.postgresql.login import MAINTENANCE, Connection, Login
from opsbook.backups.postgresql.scratch import remove_database
from opsbook.backups.source import Facts, SourceError, Work
from opsbook.backups.tools.flow import brief_work, go_on
from opsbook.backups.tools.sameness import compare
from opsbook.core.units import format_size

Content = Callable[[Login, Work], tuple[Mapping[str, int], str]]
Fitting = Callable[[Facts, Work], object]

_LONGEST = 63
"""Bytes of a name; PostgreSQL cuts off the rest without a word (NAMEDATALEN)."""
_ANSWER_SECONDS = 60.0
_RENAME_SECONDS = 60.0
"""For as long as connections are ended that come back; then somebody has to stop who opens them."""
_THERE = b"SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s"
_END = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class Databases(Places):
    """Renamed in one transaction: whoever dies, all of it was done or nothing."""

    def __init__(
        self, login: Callable[[str | None], Login], content: Content, fitting: Fitting
    ) -> None:
        """`login` gives that of a database; of the one that is backed up for None. `fitting`
        raises SourceError where the programs that are here cannot restore it."""
        self._login, self._content, self._fitting = login, content, fitting

    @property
    def used(self) -> Sequence[str]:
        return [self._login(None).database]

    def beside(self, mark: str, end: str) -> str:
        return f"{mark}-{end}"

    def there(self, name: str) -> bool:
        login = self._known(name)
        with login.at(MAINTENANCE).connected(brief_work(_ANSWER_SECONDS)) as server:
            return _there(server, login.database)

    def holds(self, name: str, facts: Facts, work: Work) -> None:
        login = self._known(name)
        compare(login.subject, facts, *self._content(login, work))

    def discard(self, name: str) -> None:
        login = self._known(name)
        remove_database(login.at(MAINTENANCE), login.database)

    def move(self, moves: Sequence[Move], work: Work) -> None:
        for _, after in moves:
            self._known(after)
        login, deadline = self._login(None), time.monotonic() + _RENAME_SECONDS
        with login.at(MAINTENANCE).connected(work) as server:
            while True:
                go_on(work, login.subject)
                try:
                    with server.transaction():
                        for before, after in moves:
                            _rename(server, before, after)
                    return
                except psycopg.errors.ObjectInUse as error:
                    # Somebody came back after connections were ended.
                    if time.monotonic() >= deadline:
                        raise login.told(error) from None

    def fits(self, name: str, facts: Facts, size: int, work: Work) -> None:
        login = self._known(name)
        with login.at(MAINTENANCE).connected(work) as server:
            refuse_newer(login, server, facts)
        self._fitting(facts, work)
        spooled = Path(tempfile.gettempdir())
        free = shutil.disk_usage(spooled).free
        if free < size:
            needed = f"{format_size(size)} are needed to unpack it"
            raise SourceError(f"{login.subject}: {format_size(free)} free in {spooled}, {needed}")

    def _known(self, name: str) -> Login:
        login = self._login(name)
        if len(login.database.encode()) > _LONGEST:
            raise SourceError(f"{login.subject}: a name has at most {_LONGEST} bytes; shorten it")
        return login


def _there(server: Connection, name: str) -> bool:
    return server.execute(_THERE, [name]).fetchone() is not None


def _rename(server: Connection, before: str, after: str) -> None:
    if not _there(server, before):
        return
    server.execute(_END, [before])
    statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    server.execute(statement.format(sql.Identifier(before), sql.Identifier(after)))
