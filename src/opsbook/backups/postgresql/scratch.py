"""Throwaway databases: on a given server, or on a temporary server of their own."""

import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from opsbook.backups.postgresql.giving import close_to_others
from opsbook.backups.postgresql.locale import Locale
from opsbook.backups.postgresql.login import Connection, Login
from opsbook.backups.postgresql.tools import Tools
from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.program import Program
from opsbook.backups.tools.throwaway import Throwaway, throwaway

KIND = "postgres"
_DATABASE = "opsbook_drill"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
    "jit": "off",
    # Shared memory in files goes away with them, also after kill -9.
    "dynamic_shared_memory_type": "mmap",
}
_CHECKSUMS_BY_DEFAULT, _NO_CHECKSUMS = 18, ["--no-data-checksums"]
"""They cost a twentieth of a restore, and what is thrown away has no time to rot."""
_LEFT = rb"""
    SELECT datname FROM pg_catalog.pg_database WHERE datname ~ '^opsbook_drill_[0-9a-f]{16}$'
    ORDER BY 1
"""


@contextmanager
def scratch_database(
    server: Login, locale: Locale, work: Work, remarks: list[str]
) -> Iterator[Login]:
    """A database of a new name on a given server, dropped when the block ends; `remarks` gets
    what it could not be. Nobody else may connect to it.

    A lock says for as long as we live that it is in use: the server lets go of it when our
    connection ends, however that comes about. Raises SourceError.
    """
    name = f"{_DATABASE}_{secrets.token_hex(8)}"
    with server.connected(work) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        with unmade(server, name):
            remarks += locale.create_or_plain(connection, name)
            close_to_others(connection, name)
            yield server.at(name)
        remove_database(server, name)


def own_database(server: Login, locale: Locale, work: Work, remarks: list[str]) -> Login:
    """A database on a temporary server, with which it goes away. Raises SourceError."""
    with server.connected(work) as connection:
        remarks += locale.create_or_plain(connection, _DATABASE)
    return server.at(_DATABASE)


def sweep_databases(server: Login, work: Work) -> list[str]:
    """Drop the databases of rehearsals whose lock nobody holds. Raises SourceError."""
    swept = []
    with server.connected(work) as connection:
        for (name,) in connection.execute(_LEFT).fetchall():
            query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
            free = connection.execute(query, [name]).fetchone()
            if free and free[0]:
                _drop(connection, name)
                swept.append(f"database {name}")
    return swept


@contextmanager
def temporary_server(
    tools: Tools, parent: Path | None, work: Work, subject: str
) -> Iterator[Login]:
    """A PostgreSQL of our own that only listens in a private directory; gone with the block.

    Raises SourceError.
    """
    programs = {name: tools.program(name) for name in ("initdb", "postgres")}
    options = _NO_CHECKSUMS if tools.major >= _CHECKSUMS_BY_DEFAULT else []
    with throwaway(KIND, parent, not_root=True) as place:
        _initialise([programs["initdb"], *options], place, work, subject)
        login = Login({"host": str(place.path), "user": "opsbook", "dbname": "postgres"})
        with place.serving(_argv(programs["postgres"], place), lambda: _up(login), work, subject):
            yield login


@contextmanager
def unmade(server: Login, name: str) -> Iterator[None]:
    """Drop a database that we made where the block fails.

    Raises what the block does; where the database is left, as SourceError that says it as well.
    """
    try:
        yield
    except BaseException as error:
        try:
            remove_database(server, name)
        except SourceError as left:
            if isinstance(error, SourceError):
                raise SourceError(f"{error}; database {name} may be left: {left}") from None
        raise


def remove_database(server: Login, name: str) -> None:
    """Drop a database that we made. Raises SourceError.

    Over a connection of its own: that of the work is cancelled where the work is over.
    """
    try:
        with server.open() as another:
            _drop(another, name)
    except psycopg.Error as error:
        raise server.told(error) from None


def _drop(connection: Connection, name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    connection.execute(statement)


def _initialise(initdb: list[str], place: Throwaway, work: Work, subject: str) -> None:
    argv = [*initdb, "-D", str(place.path / "data"), "-U", "opsbook", "--auth=trust", "--no-sync"]
    argv += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
    Program(argv, subject, directory=place.path, user=place.account).run(work)


def _argv(postgres: str, place: Throwaway) -> list[str]:
    argv = [postgres, "-D", str(place.path / "data")]
    for name, value in {**_SETTINGS, "unix_socket_directories": str(place.path)}.items():
        argv += ["-c", f"{name}={value}"]
    return argv


def _up(login: Login) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        login.open().close()
        return True
    return False
